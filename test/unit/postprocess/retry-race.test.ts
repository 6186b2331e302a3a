/**
 * An operator has a job run again, and at each moment of that another operator and a worker are faster: the job runs once, and
 * nothing is changed of it while it does.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Failure, systemClock, systemIds } from '../../../src/lib/index.ts';
import {
  type Attempt,
  createBullBrowser,
  createBullQueue,
  createBullWorker,
  type JobBrowser,
  type Process,
  RETRY,
} from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { findRedisServer, startJsRedis, startRedisServer, type TestRedis } from '../../support/redis.ts';
import { record } from '../transcript/given.ts';

const LIMIT_MS = 60_000;
const logger = createLogger({ level: 'silent' });
const server = findRedisServer();
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 30_000 });

let redis: TestRedis;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  redis = await (server === undefined ? startJsRedis() : startRedisServer(server));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await redis.stop();
});

function openBrowser(redisUrl: string): JobBrowser {
  const browser = createBullBrowser({ redisUrl, retry: RETRY, clock: systemClock });
  closers.push(() => browser.close());
  return browser;
}

async function startWorker(process: Process): Promise<{ close(): Promise<unknown> }> {
  const options = {
    concurrency: 1,
    retry: RETRY,
    clock: systemClock,
    ids: systemIds,
    logger,
    metrics: createMetrics(),
  };
  const worker = createBullWorker({ redisUrl: redis.url, process, ...options });
  await worker.start();
  return { close: () => worker.close(10_000) };
}

/** A way to Redis on which what is asked can be held back. */
async function openWay() {
  let left = Number.POSITIVE_INFINITY;
  let waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const way = createServer((client) => {
    const target = connect(Number(new URL(redis.url).port), '127.0.0.1');
    for (const socket of [client, target]) sockets.add(socket.on('error', () => undefined));
    target.pipe(client);
    client.on('data', (chunk) => {
      if (left-- > 0) target.write(chunk);
      else waiting.push(() => target.write(chunk));
    });
    client.on('close', () => target.destroy());
  });
  way.listen(0, '127.0.0.1');
  await once(way, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    way.close();
  });
  return {
    url: `redis://127.0.0.1:${(way.address() as AddressInfo).port}`,
    /** Lets so many questions through, and holds back what follows. */
    holdAfter(questions: number): void {
      left = questions;
    },
    get isHolding(): boolean {
      return waiting.length > 0;
    },
    release(): void {
      left = Number.POSITIVE_INFINITY;
      for (const write of waiting) write();
      waiting = [];
    },
  };
}

test('a dead job that is replayed by one operator and retried by another runs once, and is left alone while it runs', {
  timeout: LIMIT_MS,
}, async () => {
  const queue = createBullQueue({ redisUrl: redis.url, retry: RETRY, clock: systemClock, logger });
  closers.push(() => queue.close());
  const way = await openWay();
  const slow = openBrowser(way.url);
  const quick = openBrowser(redis.url);
  await slow.counts();

  const answers: string[] = [];
  for (let questions = 0; questions < 6; questions++) {
    const callId = `CA${questions}`;
    await queue.add(record(callId));
    const failing = await startWorker(() => {
      throw new Failure('WEBHOOK_REFUSED', 'gone');
    });
    await eventually(async () => (await quick.find(callId))?.state).toBe('dead');
    await failing.close();

    way.holdAfter(questions);
    let answer: string | undefined;
    const mended = { ...record(callId), from: '+15550009' };
    const asking = slow.runAgain(callId, { afresh: true, record: mended }).then((given) => {
      answer = given;
    });
    await eventually(() => way.isHolding || answer !== undefined).toBe(true);
    expect(await quick.runAgain(callId, { afresh: false })).toBe('queued');
    const attempts: Attempt[] = [];
    let end = (): void => undefined;
    const worker = await startWorker(async (attempt) => {
      attempts.push(attempt);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    await eventually(() => attempts.length).toBe(1);
    way.release();
    await asking;
    const [{ data } = { data: undefined }] = attempts;
    expect((await quick.find(callId))?.data).toEqual(data);
    expect(data).toMatchObject({ record: { from: answer === 'queued' ? mended.from : record(callId).from } });
    answers.push(answer ?? '');
    end();
    await eventually(async () => (await quick.find(callId))?.state).toBe('done');
    await worker.close();
    expect(attempts).toHaveLength(1);
  }
  expect(new Set(answers)).toEqual(new Set(['active', 'queued']));
});
