/** A Redis that is there and takes nothing, and workers that die at a job: nothing is lost, and nothing is done twice. */
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import {
  createBullQueue,
  createBullWorker,
  createProcessor,
  type Process,
  RETRY,
  type Step,
} from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { createOutbox, openOwners } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { findRedisServer, holdUp, startJsRedis, startRedisServer, type TestRedis } from '../../support/redis.ts';
import { began, record } from '../transcript/given.ts';
import { killedAfter } from '../transcript/killed.ts';

/** Processes are started, on machines that may be busy. */
const LIMIT_MS = 60_000;
const LEASE_MS = 400;
const logger = createLogger({ level: 'silent' });
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 10, timeout: 30_000 });
const server = findRedisServer();

let folder: string;
let redis: TestRedis;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-refusing-'));
  redis = await (server === undefined ? startJsRedis() : startRedisServer(server));
});
afterEach(async () => {
  await redis.stop();
  await rm(folder, { recursive: true });
});

const openQueue = () => createBullQueue({ redisUrl: redis.url, retry: RETRY, clock: systemClock, logger });
const openWorker = (process: Process) =>
  createBullWorker({
    redisUrl: redis.url,
    leaseMs: LEASE_MS,
    process,
    concurrency: 1,
    retry: RETRY,
    clock: systemClock,
    ids: systemIds,
    logger,
    metrics: createMetrics(),
  });

test('a job whose worker was killed is taken by another, without the steps that are done', {
  timeout: LIMIT_MS,
}, async () => {
  const effects = join(folder, 'effects');
  const queue = openQueue();
  await queue.add(record('CA1'));
  const script = new URL('./stuck-worker.ts', import.meta.url);
  await killedAfter(script, [redis.url, effects, String(LEASE_MS)], (said) => said.includes('stuck'));
  expect(await queue.counts()).toMatchObject({ active: 1 });

  const step = (name: string): Step => ({ name, run: () => appendFile(effects, `${name}\n`) });
  const worker = openWorker(createProcessor([step('first'), step('second')]));
  await worker.start();
  await eventually(() => queue.counts()).toMatchObject({ active: 0, waiting: 0, done: 1 });
  expect(await readFile(effects, 'utf8')).toBe('first\nsecond\n');
  await worker.close(1_000);
  await queue.close();
});

type Tell = (admin: Redis) => Promise<unknown>;

/** What it is told so that it takes nothing, and then so that it does. The Redis from npm knows none of it. */
const REFUSALS: readonly (readonly [string, Tell, Tell])[] =
  server === undefined
    ? []
    : [
        [
          'has no memory left (noeviction)',
          (admin) => admin.config('SET', 'maxmemory', '1'),
          (admin) => admin.config('SET', 'maxmemory', '0'),
        ],
        ['has become a replica', (admin) => admin.replicaof('127.0.0.1', '1'), (admin) => admin.replicaof('NO', 'ONE')],
        ["is held up by somebody's script", holdUp, (admin) => admin.script('KILL')],
      ];

test.for(REFUSALS)(
  'with a Redis that %s, records wait on disk and arrive once; the worker goes on by itself',
  {
    timeout: LIMIT_MS,
  },
  async ([, refuse, relent]) => {
    const admin = new Redis(redis.url);
    const clock = new ManualClock();
    const owners = openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
    const queue = openQueue();
    const metrics = createMetrics();
    const outbox = createOutbox({
      folder: join(folder, 'journals'),
      owners,
      publish: queue.add,
      clock,
      ids: systemIds,
      logger,
      metrics,
    });
    const done: string[] = [];
    const worker = openWorker(async ({ jobId }) => {
      done.push(jobId);
    });
    await worker.start();
    await refuse(admin);
    const journal = outbox.open('CA1');
    journal.append(began('CA1'));
    journal.append({ type: 'ended', at: Math.round(clock.nowMs()), outcome: { kind: 'completed' } });
    outbox.settle('CA1');
    // Armed once more: the next round of publishing.
    const armed = clock.armed;
    await eventually(() => clock.armed).toBeGreaterThan(armed);
    expect(await readdir(join(folder, 'journals', owners.id))).toEqual(['CA1.jsonl']);
    // Minutes of it: each round is refused as the first was.
    for (let round = 0; round < 3; round++) {
      const before = clock.armed;
      clock.tick(60_000);
      await eventually(() => clock.armed).toBeGreaterThanOrEqual(before);
    }
    expect(done).toEqual([]);
    await relent(admin);
    await eventually(async () => {
      await clock.advance(60_000);
      return done;
    }).toEqual(['CA1']);
    await eventually(() => readdir(join(folder, 'journals', owners.id))).toEqual([]);
    expect(await queue.counts()).toMatchObject({ waiting: 0, active: 0, done: 1 });
    await worker.close(1_000);
    outbox.close();
    await queue.close();
    owners.close();
    admin.disconnect();
  },
);
