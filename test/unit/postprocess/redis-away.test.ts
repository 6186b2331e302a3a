/** BullMQ's queue while Redis is away: refuses soon, hangs never, and comes back by itself. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Failure, systemClock, systemIds } from '../../../src/lib/index.ts';
import { createBullQueue, createBullWorker, RETRY } from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { callbridge } from '../../support/processes.ts';
import { freePort, startJsRedis, type TestRedis } from '../../support/redis.ts';
import { record } from '../transcript/given.ts';

const logger = createLogger({ level: 'silent' });
const DEADLINE_MS = 5_000;
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 15_000 });

let port: number;
let redis: TestRedis;
/** The network between: while it is cut, nothing listens; while it is mute, what is sent arrives nowhere. */
let line: Server | undefined;
let mute = false;
const sockets = new Set<Socket>();

async function connect(): Promise<void> {
  const target = new URL(redis.url);
  line = createServer((near) => {
    const far = createConnection(Number(target.port), target.hostname);
    near.on('data', (data) => {
      if (!mute) far.write(data);
    });
    far.pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          near.destroy();
          far.destroy();
          sockets.delete(socket);
        });
    }
  }).listen(port, '127.0.0.1');
  await once(line, 'listening');
}

async function cut(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  if (line === undefined) return;
  const closed = once(line, 'close');
  line.close();
  line = undefined;
  await closed;
}

beforeEach(async () => {
  redis = await startJsRedis();
  port = await freePort();
  mute = false;
});
afterEach(async () => {
  await cut();
  await redis.stop();
});

const open = (clock = new ManualClock()) => {
  const queue = createBullQueue({ redisUrl: `redis://127.0.0.1:${port}`, retry: RETRY, clock, logger });
  return { clock, queue };
};

test('a queue that never found Redis refuses after its deadline, works once Redis is there, and closes either way', async () => {
  const { clock, queue } = open();
  const refused = queue.add(record('CA0'));
  clock.tick(DEADLINE_MS);
  await expect(refused).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true });
  await connect();
  await queue.add(record('CA1'));
  // What was refused is not sent after all: whoever has it comes again.
  expect(await queue.counts()).toMatchObject({ waiting: 1 });
  await queue.close();

  await cut();
  const another = open();
  await another.queue.close();
  expect(clock.armed + another.clock.armed).toBe(0);
});

test('a Redis that goes away in between, and comes back empty, takes what it refused', async () => {
  await connect();
  const { clock, queue } = open();
  await queue.add(record('CA1'));
  await cut();
  const refused = queue.add(record('CA2'));
  refused.catch(() => undefined);
  // The loss of the connection is noticed at some moment; the deadline counts from the attempt.
  await expect.poll(() => clock.armed, { interval: 5, timeout: 10_000 }).toBe(1);
  clock.tick(DEADLINE_MS);
  await expect(refused).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  await redis.stop();
  redis = await startJsRedis();
  await connect();
  // As long as the loss is not noticed, it refuses at once.
  const added = () =>
    queue.add(record('CA2')).then(
      () => true,
      (failure: Failure) => failure.code,
    );
  await eventually(added).toBe(true);
  expect(await queue.counts()).toMatchObject({ waiting: 1 });
  await queue.close();
});

test('a connection on which nothing arrives any more is not waited for longer than the deadline', async () => {
  await connect();
  const { clock, queue } = open();
  await queue.add(record('CA1'));
  mute = true;
  const refused = queue.add(record('CA2'));
  refused.catch(() => undefined);
  await expect.poll(() => clock.armed, { interval: 5, timeout: 10_000 }).toBe(1);
  clock.tick(DEADLINE_MS);
  await expect(refused).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  const closed = queue.close();
  await expect.poll(() => clock.armed, { interval: 5, timeout: 10_000 }).toBe(1);
  clock.tick(DEADLINE_MS);
  await closed;
});

test('a worker that was started without Redis, or lost it, goes on when it is there', async () => {
  const done: string[] = [];
  const worker = createBullWorker({
    redisUrl: `redis://127.0.0.1:${port}`,
    process: async ({ jobId }) => {
      done.push(jobId);
    },
    concurrency: 1,
    retry: RETRY,
    clock: systemClock,
    ids: systemIds,
    logger,
    metrics: createMetrics(),
  });
  await worker.start();
  const { queue } = open();
  await connect();
  await queue.add(record('CA1'));
  await eventually(() => done).toEqual(['CA1']);
  await cut();
  await connect();
  await queue.add(record('CA2'));
  await eventually(() => done).toEqual(['CA1', 'CA2']);
  await queue.close();
  await worker.close(DEADLINE_MS);
});

test.for(['never there', 'lost'])('`callbridge worker` ends when it is told to, with its Redis %s', async (redisIs) => {
  const folder = await mkdtemp(join(tmpdir(), 'callbridge-worker-'));
  if (redisIs === 'lost') await connect();
  const worker = callbridge(['worker'], { REDIS_URL: `redis://127.0.0.1:${port}`, DATA_DIR: folder });
  try {
    await worker.says(/waiting for finished calls/);
    // The queue's connection, the worker's, and the copy on which it waits for jobs.
    if (redisIs === 'lost') await eventually(() => sockets.size).toBe(3 * 2);
    await cut();
    await worker.says(/ECONNREFUSED/);
    worker.child.kill('SIGTERM');
    expect(await worker.exited(), worker.output()).toBe(0);
  } finally {
    worker.child.kill('SIGKILL');
    await worker.exited();
    await rm(folder, { recursive: true });
  }
});
