/** Redis servers for tests: one from npm that is always there, and the real one wherever it is installed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createRedisMock } from 'js-redis-server';

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
  const settings = ['--port', `${chosen}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn(binary, settings, { stdio: ['ignore', 'pipe', 'inherit'] });
  await untilItSays(server, 'Ready to accept connections');
  return {
    url: `redis://127.0.0.1:${chosen}`,
    async stop() {
      const exited = once(server, 'exit');
      // Not again: then nothing is to be waited for.
      if (server.exitCode === null && server.signalCode === null && server.kill('SIGKILL')) await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
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

function untilItSays(server: ChildProcess, words: string): Promise<void> {
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
