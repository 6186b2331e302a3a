/** A real server of the Model Context Protocol as a process of the service's, with one tool that the test answers. */
import type { ChildProcess } from 'node:child_process';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { Handle } from './mcp-http.ts';
import { minded, runningProcesses } from './real-work.ts';

/** What `mcp-stdio.mjs` says of itself; `done`: how much it has dealt with, and written meanwhile. */
type Told =
  | { readonly type: 'begun'; readonly pid: number }
  | { readonly type: 'called'; readonly call: number; readonly args: Parameters<Handle>[0] }
  | { readonly type: 'aborted'; readonly call: number }
  | { readonly type: 'done'; readonly read: number; readonly written: number; readonly taken: number };

export interface McpStdio {
  /** As an agent's file names it. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A clock that the test winds stands still while something is on its way to the process, or from it, and while it ends. */
export async function givenMcpStdio(handle: Handle): Promise<McpStdio> {
  const underWay = new Set<() => boolean>();
  const server = createServer((socket) => underWay.add(steer(socket, handle)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const forget = minded(() => ([...underWay].some((one) => one()) ? 'a message of an MCP server' : undefined));
  onTestFinished(() => {
    forget();
    server.close();
  });
  return {
    command: process.execPath,
    args: [join(import.meta.dirname, 'mcp-stdio.mjs')],
    env: { STEERING_PORT: String((server.address() as AddressInfo).port) },
  };
}

/** Gives whether something is under way between the process at the other end, the service and the test. */
function steer(socket: Socket, handle: Handle): () => boolean {
  const aborts = new Map<number, AbortController>();
  let child: ChildProcess | undefined;
  let done = { read: 0, written: 0, taken: 0 };
  let given = 0;
  const say = (message: unknown): boolean => socket.write(`${JSON.stringify(message)}\n`);
  const run = async ({ call, args }: Told & { type: 'called' }): Promise<void> => {
    const abort = new AbortController();
    aborts.set(call, abort);
    const result = await handle(args, abort.signal);
    given += 1;
    say({ call, result });
  };
  createInterface({ input: socket }).on('line', (line) => {
    const told = JSON.parse(line) as Told;
    if (told.type === 'called') void run(told);
    else if (told.type === 'aborted') aborts.get(told.call)?.abort();
    else if (told.type === 'done') done = told;
    else {
      child = runningProcesses().find(({ pid }) => pid === told.pid);
      say('welcome');
    }
  });
  return () => {
    if (child === undefined) return false;
    if (!runningProcesses().includes(child)) return !socket.closed;
    // https://nodejs.org/api/net.html#class-netsocket: what a process is given as pipes are sockets.
    const { stdin, stdout } = child as { stdin: unknown; stdout: unknown } as { stdin: Socket; stdout: Socket };
    return (
      stdin.writableEnded ||
      stdin.bytesWritten !== done.read ||
      stdout.bytesRead !== done.written ||
      given !== done.taken
    );
  };
}
