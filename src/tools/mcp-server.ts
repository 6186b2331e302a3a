/**
 * A server of the Model Context Protocol, over HTTP or as a process of ours: connected at start, and again when it is called
 * and was lost. https://modelcontextprotocol.io/specification
 */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { z } from 'zod';
import { type Clock, Failure, withDeadline } from '../lib/index.ts';
import { McpConnection } from './mcp-connection.ts';
import { whyUnreachable } from './mcp-unreachable.ts';
import type { ToolArgs } from './tool.ts';

export interface McpServerSpec {
  /** As the agent's file calls it. */
  readonly name: string;
  /** Where it does so, such as `config/agents/sales.yaml:12 mcpServers.crm`. */
  readonly place: string;
  readonly how:
    | { readonly url: string; readonly headers: Readonly<Record<string, string>> }
    | { readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

/** An optional package: loaded when a server is named. */
export type LoadSdk = () => Promise<{
  readonly client: typeof import('@modelcontextprotocol/sdk/client/index.js');
  readonly http: typeof import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  readonly stdio: typeof import('@modelcontextprotocol/sdk/client/stdio.js');
}>;

export interface McpDeps {
  readonly clock: Clock;
  /** When not by the package itself. */
  readonly loadSdk?: LoadSdk | undefined;
}

export interface McpTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** What the server says of it: whether it only reads, and whether doing it twice is the same as once. */
  readonly readOnly: boolean;
  readonly idempotent: boolean;
}

/** What a call of a tool gave, with what we need of it. */
export interface McpResult {
  readonly texts: readonly string[];
  readonly structured: unknown;
  readonly isError: boolean;
}

/** A process takes seconds to start, and one that does not answer then will not. */
const CONNECT_DEADLINE_MS = 15_000;
/**
 * 404 by https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#session-management, and 400 by the package's own
 * examples, of which servers are made. Nothing was done, whatever else a 400 may mean.
 */
const SESSION_UNKNOWN: ReadonlySet<unknown> = new Set([404, 400]);
/** A server with more tools than these pages hold gives the rest to nobody. */
const MAX_PAGES = 20;

const callResult = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});

export interface McpCallOptions {
  readonly signal: AbortSignal;
  /** How long the caller of this waits. */
  readonly limitMs: number;
}

const loadPackage: LoadSdk = async () => ({
  client: await import('@modelcontextprotocol/sdk/client/index.js'),
  http: await import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
  stdio: await import('@modelcontextprotocol/sdk/client/stdio.js'),
});

export class McpServer {
  readonly #spec: McpServerSpec;
  readonly #deps: McpDeps;
  /** What is called by next. */
  #current: Promise<McpConnection> | undefined;
  /** With those that others still use. */
  readonly #open = new Set<McpConnection>();
  #closed = false;

  constructor(spec: McpServerSpec, deps: McpDeps) {
    this.#spec = spec;
    this.#deps = deps;
  }

  /** Rejects with Failure CONFIG_INVALID when the server cannot be had. */
  async tools(): Promise<readonly McpTool[]> {
    const { place, how } = this.#spec;
    try {
      const connection = await this.#connected();
      return await this.#inTime(connection.use(listTools));
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure('CONFIG_INVALID', `${place}: ${whyUnreachable(how, error)}`, { cause: error });
    }
  }

  /** Rejects when there is no connection, or the server refuses the call. */
  async call(name: string, args: ToolArgs, { signal, limitMs }: McpCallOptions): Promise<McpResult> {
    const once = async (): Promise<McpResult> => {
      const connecting = this.#connected();
      const connection = await connecting;
      signal.throwIfAborted();
      try {
        // `callTool` would throw, as for wrong arguments, when a result breaks the tool's own schema: by then it is done.
        const request = { method: 'tools/call', params: { name, arguments: { ...args } } } as const;
        const asked = (client: Client) =>
          whileWaiting(signal, (waiting) =>
            // The ledger's deadline comes first; the package's own would be a minute.
            client.request(request, callResult, { signal: waiting, timeout: 2 * limitMs }),
          );
        return resultOf(await connection.use(asked));
      } catch (error) {
        signal.throwIfAborted();
        if (isLost(error)) {
          this.#forget(connecting);
          connection.leave();
        }
        throw error;
      }
    };
    try {
      return await once();
    } catch (error) {
      signal.throwIfAborted();
      // It was started anew, does not know us any more, and has done nothing.
      if (!SESSION_UNKNOWN.has(codeOf(error))) throw error;
      return once();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#current?.catch(() => undefined);
    await Promise.all(Array.from(this.#open, (connection) => connection.close()));
  }

  #connected(): Promise<McpConnection> {
    if (this.#current !== undefined) return this.#current;
    const connecting = this.#connect(() => this.#forget(connecting)).catch((error) => {
      this.#forget(connecting);
      throw error;
    });
    this.#current = connecting;
    return connecting;
  }

  /** Another call may have connected anew meanwhile. */
  #forget(lost: Promise<McpConnection>): void {
    if (this.#current === lost) this.#current = undefined;
  }

  async #connect(lost: () => void): Promise<McpConnection> {
    const { name, how } = this.#spec;
    if (this.#closed) throw new Error(`the server ${name} was left`);
    const { client: sdk, http, stdio } = await this.#load();
    const client = new sdk.Client({ name: 'callbridge', version: '1' });
    const connection = new McpConnection(client);
    client.onclose = () => {
      lost();
      this.#open.delete(connection);
    };
    this.#open.add(connection);
    const transport =
      'url' in how
        ? new http.StreamableHTTPClientTransport(new URL(how.url), {
            requestInit: { headers: how.headers },
            fetch: direct,
          })
        : new stdio.StdioClientTransport({
            command: how.command,
            args: [...how.args],
            env: { ...how.env },
            // What it says there may be about callers, and has no place in our log.
            stderr: 'ignore',
          });
    try {
      // What the package declares is not as exact as our compiler wants it: `sessionId` may be undefined.
      await this.#inTime(client.connect(transport as Parameters<typeof client.connect>[0]));
    } catch (error) {
      await client.close();
      this.#open.delete(connection);
      throw error;
    }
    return connection;
  }

  async #load(): ReturnType<LoadSdk> {
    try {
      return await (this.#deps.loadSdk ?? loadPackage)();
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
      if (!isMissing) throw error;
      const remedy = 'needs the package @modelcontextprotocol/sdk: npm install @modelcontextprotocol/sdk';
      throw new Failure('CONFIG_INVALID', `${this.#spec.place}: ${remedy}`, { cause: error });
    }
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    const late = () => new Error(`no answer within ${CONNECT_DEADLINE_MS / 1_000} s`);
    return withDeadline(this.#deps.clock, CONNECT_DEADLINE_MS, work, late);
  }
}

async function listTools(client: Client): Promise<readonly McpTool[]> {
  const tools: McpTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const listed = await client.listTools(cursor === undefined ? {} : { cursor });
    for (const { name, description = '', inputSchema, annotations } of listed.tools) {
      const { readOnlyHint = false, idempotentHint = false } = annotations ?? {};
      tools.push({ name, description, inputSchema, readOnly: readOnlyHint, idempotent: idempotentHint });
    }
    cursor = listed.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}

/** A connection of which nothing more is to be had. A request that was refused otherwise says nothing of the next one. */
function isLost(error: unknown): boolean {
  return SESSION_UNKNOWN.has(codeOf(error)) || (error instanceof TypeError && error.message === 'fetch failed');
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function resultOf({ content, structuredContent, isError }: z.output<typeof callResult>): McpResult {
  return {
    texts: content.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : [])),
    structured: structuredContent,
    isError,
  };
}

/** The headers hold secrets of the host that the operator named. */
const direct: typeof fetch = (url, init) => fetch(url, { ...init, redirect: 'error' });

/** The package tells the server that a request is cancelled whenever its signal is raised, also of one that was answered long ago. */
async function whileWaiting<T>(signal: AbortSignal, work: (waiting: AbortSignal) => Promise<T>): Promise<T> {
  const waiting = new AbortController();
  const stop = (): void => waiting.abort(signal.reason);
  signal.addEventListener('abort', stop);
  try {
    return await work(waiting.signal);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
