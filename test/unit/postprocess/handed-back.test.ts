/** Several workers on one Redis, of which one has what the jobs' agent needs: it gets them all soon, and none by attempts. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Failure, systemClock, systemIds } from '../../../src/lib/index.ts';
import {
  type Attempt,
  createBullBrowser,
  createBullQueue,
  createBullWorker,
  type Process,
  RETRY,
} from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { findRedisServer, startJsRedis, startRedisServer, type TestRedis } from '../../support/redis.ts';
import { record } from '../transcript/given.ts';

const LIMIT_MS = 60_000;
const JOBS = 24;
/** Fewer than it takes some of the jobs to come to the worker that has it. */
const POLICY = { ...RETRY, attempts: 3 };
const server = findRedisServer();
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 30_000 });
const leftOut: Process = () => Promise.reject(new Failure('AGENT_LEFT_OUT', 'set CRM_KEY'));

let redis: TestRedis;
let log: string[];
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  redis = await (server === undefined ? startJsRedis() : startRedisServer(server));
  log = [];
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await redis.stop();
});

const tools = () => ({
  redisUrl: redis.url,
  retry: POLICY,
  clock: systemClock,
  logger: createLogger({ level: 'warn', destination: { write: (line) => void log.push(line) } }),
});

async function startWorker(process: Process, handBack?: { afterMs: number; apartMs: number }) {
  const metrics = createMetrics();
  const worker = createBullWorker({ ...tools(), process, concurrency: 8, ids: systemIds, metrics, handBack });
  closers.push(() => worker.close(10_000));
  await worker.start();
  return {
    handedBack: async () => {
      const { values } = await metrics.jobs.get();
      return values.find(({ labels }) => labels.result === 'handedBack')?.value ?? 0;
    },
    timed: async () => (await metrics.jobSeconds.get()).values.find(({ metricName }) => metricName?.endsWith('_count')),
  };
}

function openQueue() {
  const queue = createBullQueue(tools());
  closers.push(() => queue.close());
  return queue;
}

test('all jobs of an agent that three of four workers leave out are done, each at its first attempt', {
  timeout: LIMIT_MS,
}, async () => {
  const queue = openQueue();
  const quick = { afterMs: 20, apartMs: 1 };
  const others = await Promise.all([leftOut, leftOut, leftOut].map((process) => startWorker(process, quick)));
  const rounds = async () => (await Promise.all(others.map((each) => each.handedBack()))).reduce((a, b) => a + b);
  for (let i = 0; i < JOBS; i++) await queue.add(record(`CA${i}`));
  // No worker has it yet: more rounds than there are attempts.
  await eventually(rounds).toBeGreaterThan(JOBS * (POLICY.attempts + 1));

  const attempts: Attempt[] = [];
  await startWorker((attempt) => {
    attempts.push(attempt);
    return Promise.resolve();
  });
  await eventually(() => queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, done: JOBS, dead: 0 });
  expect(attempts.map(({ failedAttempts }) => failedAttempts)).toEqual(Array.from({ length: JOBS }, () => 0));
  expect(log.map((line) => JSON.parse(line) as object)).toMatchObject(others.map(() => ({ code: 'AGENT_LEFT_OUT' })));
  expect(await others[0]?.timed()).toMatchObject({ value: 0 });
});

test('jobs that are handed back come due one after the other, and one that the worker has the agent of passes them', {
  timeout: LIMIT_MS,
}, async () => {
  const queue = openQueue();
  const done: string[] = [];
  const worker = await startWorker(
    async (attempt) => {
      if (attempt.jobId !== 'own') return leftOut(attempt);
      done.push(attempt.jobId);
    },
    { afterMs: 60_000, apartMs: 10_000 },
  );
  for (let i = 0; i < JOBS; i++) await queue.add(record(`CA${i}`));
  await queue.add(record('own'));
  await eventually(() => done).toEqual(['own']);
  await eventually(() => queue.counts()).toMatchObject({ delayed: JOBS, done: 1 });
  await eventually(() => worker.handedBack()).toBe(JOBS);

  const browser = createBullBrowser(tools());
  closers.push(() => browser.close());
  const jobs = await browser.list('delayed', { skip: 0, limit: JOBS });
  expect(jobs).toMatchObject(jobs.map(() => ({ attempts: 0, lastFailure: 'AGENT_LEFT_OUT: set CRM_KEY' })));
  const gaps = jobs.slice(1).map(({ nextTryMs }, index) => (nextTryMs ?? 0) - (jobs[index]?.nextTryMs ?? 0));
  // But for the milliseconds that it took to put each there.
  for (const gapMs of gaps) expect(Math.abs(gapMs - 10_000)).toBeLessThan(1_000);
});
