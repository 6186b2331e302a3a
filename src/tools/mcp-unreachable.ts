/** What an operator is told of a server of tools that cannot be had: why, and what to do. */
import type { McpServerSpec } from './mcp-server.ts';

/** The package's own, for a connection that ended. */
const CONNECTION_CLOSED = -32_000;

/** Of a URL the origin alone, for the rest may hold secrets, and nothing of what a server says. */
export function whyUnreachable(how: McpServerSpec['how'], error: unknown): string {
  const cause = innermost(error);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const words = cause instanceof Error ? cause.message : String(cause);
  if ('command' in how) {
    const program = `\`${[how.command, ...how.args].join(' ')}\``;
    if (code === 'ENOENT') return `${program} cannot be started (ENOENT): install it, or mend its path`;
    const what = code === CONNECTION_CLOSED ? 'ended at once' : `cannot be reached (${words})`;
    return `${program} ${what}: run it yourself to see why`;
  }
  const { origin } = new URL(how.url);
  if (typeof code === 'number') return `${origin} answers ${code}: check its url and headers`;
  const remedy = code === 'ECONNREFUSED' ? 'start it first' : 'check its url and the network';
  return `${origin} cannot be reached (${code ?? words}): ${remedy}`;
}

/** `fetch` says only "fetch failed" and keeps the reason in the cause. */
export function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error;
}
