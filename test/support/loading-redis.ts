/** The real Redis, which comes back with what it had, and loads that for as long as a test wants it to. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, killRedis, REDIS_IS_READY, spawnRedis, type TestRedis, untilItSays } from './redis.ts';

export interface LoadingRedis extends TestRedis {
  /** Keeps all that it has now for the next start. */
  save(): Promise<void>;
  /** Is killed, and comes back with what was saved; answers LOADING when this resolves. */
  restart(): Promise<void>;
  /** Takes commands when this resolves. */
  load(): Promise<void>;
}

/** Three thousand keys of 20 ms each: a minute, unless it is told to load them at once. */
const KEYS = 3_000;
const SLOWLY = ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'];
/** Loaded last, and in no time: until then Redis estimates by the bytes that it will take many minutes. */
const LAST_BYTES = 4_000_000;

const FILL = `for i = 1, ${KEYS} do redis.call('SET', 'filler:' .. i, string.rep('x', 200)) end
redis.call('SELECT', 1)
redis.call('SET', 'filler', string.rep('x', ${LAST_BYTES}))`;

export async function startLoadingRedis(binary: string): Promise<LoadingRedis> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'callbridge-redis-'));
  const spawned = (...more: string[]) => spawnRedis(binary, port, folder, ['--rdbcompression', 'no', ...more]);
  let server: ChildProcess = spawned();
  await untilItSays(server, REDIS_IS_READY);
  // It is asked while it loads, too.
  const admin = new Redis(port, '127.0.0.1', {
    enableReadyCheck: false,
    maxRetriesPerRequest: null,
    retryStrategy: () => 10,
  });
  admin.on('error', () => undefined);
  await admin.eval(FILL, 0);
  const save = async (): Promise<void> => {
    await admin.save();
  };
  await save();
  return {
    url: `redis://127.0.0.1:${port}`,
    save,
    async restart() {
      await killRedis(server);
      server = spawned(...SLOWLY);
      const answer = await admin.ping().catch((error: Error) => error.message);
      if (!answer.startsWith('LOADING')) throw new Error(`Redis is not loading, and answers ${answer}`);
    },
    async load() {
      const ready = untilItSays(server, REDIS_IS_READY);
      await admin.config('SET', 'key-load-delay', '0');
      await ready;
    },
    async stop() {
      admin.disconnect();
      await killRedis(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
