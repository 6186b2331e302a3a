/** How long `serve` takes from SIGTERM to its exit at the worst, by the constants of its source. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ASKING } from '../../src/telephony/index.ts';

const ROOT = join(import.meta.dirname, '../..');

/** NaN where there is no such constant, so that whatever is compared with it fails. */
export function constantOf(path: string, name: string): number {
  const source = readFileSync(join(ROOT, path), 'utf8');
  return Number(new RegExp(`const ${name} = ([\\d_]+);`).exec(source)?.[1]?.replaceAll('_', '') ?? Number.NaN);
}

/** What `--grace` is when nobody gives it. */
export function defaultGraceMs(): number {
  const serve = readFileSync(join(ROOT, 'src/cli/serve.ts'), 'utf8');
  return Number(/'--grace <seconds>', .*, seconds, (\d+)\)/.exec(serve)?.[1] ?? Number.NaN) * 1_000;
}

/** What asking Twilio to lead a call elsewhere takes at the most: a call that is not found costs one request more, about the account. */
export const askingMs = ASKING.allTriesMs + ASKING.oneTryMs;

/** After the grace time, with Redis: without it there is nobody to hand over to, which takes longer than the worker's grace. */
export function closingMs(): number {
  // How many live, what is still to be written, that the call is let go; and at the end what is still to be written, and goodbye.
  const sharedMs = 5 * constantOf('src/cluster/redis-link.ts', 'ASK_DEADLINE_MS');
  return (
    constantOf('src/call/drain.ts', 'QUIET_MOMENT_MS') +
    askingMs +
    constantOf('src/call/drain.ts', 'ASKED_WITHIN_MS') +
    constantOf('src/call/drain.ts', 'LAST_WORDS_MS') +
    constantOf('src/call/registry.ts', 'ASK_GRACE_MS') +
    constantOf('src/http/server.ts', 'CLOSE_GRACE_MS') +
    constantOf('src/cli/service.ts', 'OUTBOX_GRACE_MS') +
    constantOf('src/postprocess/bullmq-shared.ts', 'COMMAND_DEADLINE_MS') +
    sharedMs
  );
}
