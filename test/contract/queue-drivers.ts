/** The queues that contracts are held to: the spool, and BullMQ on every Redis there is. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemIds } from '../../src/lib/index.ts';
import {
  createBullBrowser,
  createBullQueue,
  createBullWorker,
  createSpoolBrowser,
  createSpoolQueue,
  createSpoolWorker,
  type JobBrowser,
  type JobQueue,
  type Process,
  type RetryPolicy,
  Spool,
  type Worker,
} from '../../src/postprocess/index.ts';
import { createLogger, type createMetrics } from '../../src/telemetry/index.ts';
import { type Owners, openOwners } from '../../src/transcript/index.ts';
import { findRedisServer, startJsRedis, startRedisServer } from '../support/redis.ts';

/** As in production, but for the times: three attempts, a millisecond apart. */
export const QUICK: RetryPolicy = {
  backoff: { firstMs: 1, factor: 1, maxMs: 1, jitter: 0 },
  attempts: 3,
  stalls: 5,
  remembered: { ageMs: 60_000, count: 100 },
};
/** Times for jobs that one worker leaves to another. */
export const QUICK_HAND_BACK = { afterMs: 5, apartMs: 1 };
const logger = createLogger({ level: 'silent' });

export interface Driver {
  queue(): Promise<JobQueue>;
  worker(process: Process, concurrency: number, metrics: Metrics, retry?: RetryPolicy): Promise<Worker>;
  /** As another process has it. */
  browser(): Promise<JobBrowser>;
  /** Forgets all jobs. */
  stop(): Promise<void>;
}

async function spoolDriver(): Promise<Driver> {
  const folder = await mkdtemp(join(tmpdir(), 'callbridge-spool-'));
  const owners = openOwners({ folder: join(folder, 'owners'), clock: systemClock, ids: systemIds });
  const open = () => Spool.open({ folder: join(folder, 'queue'), owners, clock: systemClock });
  const neighbours: Owners[] = [];
  let spool = await open();
  return {
    async queue() {
      // A queue that is opened again finds what is on disk, and nothing else.
      spool = await open();
      return createSpoolQueue(spool);
    },
    worker: (...options) =>
      Promise.resolve(createSpoolWorker(spool, { ...workerOptions(...options), clock: oftenLooking })),
    browser: () => {
      const neighbour = openOwners({ folder: join(folder, 'owners'), clock: systemClock, ids: systemIds });
      neighbours.push(neighbour);
      const queue = join(folder, 'queue');
      const openOwn = () => Spool.open({ folder: queue, owners: neighbour, clock: systemClock });
      return Promise.resolve(createSpoolBrowser({ folder: queue, open: openOwn, clock: systemClock }));
    },
    async stop() {
      for (const each of [owners, ...neighbours]) each.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function bullDriver(start: () => Promise<{ url: string; stop(): Promise<void> }>): Promise<Driver> {
  const redis = await start();
  return {
    queue: () => Promise.resolve(createBullQueue({ redisUrl: redis.url, retry: QUICK, clock: systemClock, logger })),
    worker: (...options) =>
      Promise.resolve(
        createBullWorker({ redisUrl: redis.url, handBack: QUICK_HAND_BACK, ...workerOptions(...options) }),
      ),
    browser: () => Promise.resolve(createBullBrowser({ redisUrl: redis.url, retry: QUICK, clock: systemClock })),
    stop: () => redis.stop(),
  };
}

type Metrics = ReturnType<typeof createMetrics>;

function workerOptions(process: Process, concurrency: number, metrics: Metrics, retry = QUICK) {
  return { process, concurrency, retry, clock: systemClock, ids: systemIds, logger, metrics };
}

const redisServer = findRedisServer();
/** What other processes changed is found by looking every few seconds, for which no test waits. */
const oftenLooking = {
  ...systemClock,
  every: (periodMs: number, run: () => void) => systemClock.every(periodMs / 200, run),
};

export const drivers: [string, () => Promise<Driver>][] = [
  ['spool', spoolDriver],
  ['BullMQ on js-redis-server', () => bullDriver(startJsRedis)],
];
if (redisServer !== undefined) {
  drivers.push(['BullMQ on redis-server', () => bullDriver(() => startRedisServer(redisServer))]);
}
