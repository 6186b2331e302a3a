/** Redis servers for tests: one from npm that is always there, and the real one wherever it is installed. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Redis } from 'ioredis';
import { createRedisMock } from 'js-redis-server';
import { spawnChild } from './children.ts';

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startJsRedis(): Promise<TestRedis> {
  const server = await createRedisMock();
  const { host, port } = server.addresses()[0]!;
  return { url: `redis://${host}:${port}`, stop: () => server.close() };
}

/** Where redis-server is; undefined when it is not installed, which REQUIRE_REDIS=1 makes an error. */
export function findRedisServer(): string | undefined {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'redis-server'))
    .find(isExecutable);
  if (found === undefined && process.env['REQUIRE_REDIS'] === '1') {
    throw new Error('REQUIRE_REDIS=1, and redis-server is not in PATH');
  }
  return found;
}

/** On `port`, so that one that was stopped can come back. */
export async function startRedisServer(binary: string, port?: number): Promise<TestRedis> {
  const chosen = port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), 'callbridge-redis-'));
  const server = spawnRedis(binary, chosen, folder);
  await untilItSays(server, REDIS_IS_READY);
  return {
    url: `redis://127.0.0.1:${chosen}`,
    async stop() {
      await killRedis(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const REDIS_IS_READY = 'Ready to accept connections';

/** Starts with what was saved in `folder`, and saves there nothing by itself. */
export function spawnRedis(binary: string, port: number, folder: string, more: readonly string[] = []): ChildProcess {
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  return spawnChild(binary, [...settings, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
}

export async function killRedis(server: ChildProcess): Promise<void> {
  const exited = once(server, 'exit');
  // Not again: then nothing is to be waited for.
  if (server.exitCode === null && server.signalCode === null && server.kill('SIGKILL')) await exited;
}

/** Has it run a script without end: answers BUSY when this resolves, until it is told SCRIPT KILL. */
export async function holdUp(admin: Redis): Promise<void> {
  await admin.config('SET', 'busy-reply-threshold', '1');
  const held = admin.duplicate();
  held.eval('while true do end', 0).catch(() => held.disconnect());
  for (let answer = ''; !answer.startsWith('BUSY'); )
    answer = await admin.ping().catch((error: Error) => error.message);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function untilItSays(server: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`redis-server ended: ${said}`)));
    server.stdout!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
      if (said.includes(words)) resolve();
    });
  });
}
