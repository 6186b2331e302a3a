/** What both queues promise, held to each of them: the spool, and BullMQ on every Redis there is. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src/lib/index.ts';
import type { Attempt, JobQueue, Worker } from '../../src/postprocess/index.ts';
import { createMetrics } from '../../src/telemetry/index.ts';
import { record } from '../unit/transcript/given.ts';
import { type Driver, drivers, QUICK } from './queue-drivers.ts';

const GRACE_MS = 10_000;
let metrics = createMetrics();

describe.each(drivers)('%s', (_name, makeDriver) => {
  let driver: Driver;
  const open: { close(graceMs?: number): Promise<unknown> }[] = [];

  beforeAll(async () => {
    driver = await makeDriver();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close(GRACE_MS);
    await driver.stop();
    driver = await makeDriver();
    metrics = createMetrics();
  });
  afterAll(() => driver.stop());

  const openQueue = async (): Promise<JobQueue> => {
    const queue = await driver.queue();
    open.push({ close: () => queue.close() });
    return queue;
  };
  const startWorker = async (process: (attempt: Attempt) => Promise<void>, concurrency = 1): Promise<Worker> => {
    const worker = await driver.worker(process, concurrency, metrics);
    open.push({ close: () => worker.close(GRACE_MS) });
    await worker.start();
    return worker;
  };
  /** Processes jobs as `outcome` says, and tells of each attempt once it is over. */
  const observed = (outcome: (attempt: Attempt, number: number) => Promise<void> | void = () => undefined) => {
    const attempts: Attempt[] = [];
    const process = async (attempt: Attempt): Promise<void> => {
      attempts.push(attempt);
      await outcome(attempt, attempts.length);
    };
    return { attempts, process };
  };
  /** Jobs finished, failed and given up, as the metrics count them. */
  const results = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.jobs.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels.result, value]));
  };
  /** Asks again until it is so. */
  const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 15_000 });

  test('processes a record once, as it was added', async () => {
    const queue = await openQueue();
    const { attempts, process } = observed();
    await queue.add(record('CA1'));
    await startWorker(process);
    await eventually(results).toMatchObject({ done: 1 });
    expect(attempts.map(({ jobId, data }) => ({ jobId, data }))).toEqual([
      { jobId: 'CA1', data: { version: 1, callId: 'CA1', record: record('CA1') } },
    ]);
    expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, done: 1, dead: 0 });
  });

  test('gives what is added to a worker that runs already', async () => {
    const queue = await openQueue();
    const { attempts, process } = observed();
    await startWorker(process);
    await queue.add(record('CA1'));
    await eventually(() => attempts.length).toBe(1);
  });

  test('takes a call once, however often it is published: waiting, and when it is done', async () => {
    const queue = await openQueue();
    const { attempts, process } = observed();
    await queue.add(record('CA1'));
    await queue.add(record('CA1'));
    expect(await queue.counts()).toMatchObject({ waiting: 1 });
    await startWorker(process);
    await eventually(results).toMatchObject({ done: 1 });
    await queue.add(record('CA1'));
    await queue.add(record('CA2'));
    await eventually(results).toMatchObject({ done: 2 });
    expect(attempts.map(({ jobId }) => jobId)).toEqual(['CA1', 'CA2']);
  });

  test('keeps jobs for a worker that comes later, also when the queue was closed between', async () => {
    const earlier = await driver.queue();
    await earlier.add(record('CA1'));
    await earlier.close();
    await openQueue();
    const { attempts, process } = observed();
    await startWorker(process);
    await eventually(results).toMatchObject({ done: 1 });
    expect(attempts).toHaveLength(1);
  });

  test('tries again after a failure that may pass, and remembers which steps are done', async () => {
    const queue = await openQueue();
    const { attempts, process } = observed(async ({ stepDone }, number) => {
      if (number === 1) {
        await stepDone('write');
        throw new Failure('WEBHOOK_DELIVERY', 'not today');
      }
    });
    await queue.add(record('CA1'));
    await startWorker(process);
    await eventually(results).toEqual({ failed: 1, done: 1 });
    expect(attempts.map(({ doneSteps }) => doneSteps)).toEqual([[], ['write']]);
  });

  test('keeps what a step gave for later attempts, and how many there were', async () => {
    const queue = await openQueue();
    const given = { summary: 'They talked.', list: [1, { deep: null }] };
    const { attempts, process } = observed(async (attempt, number) => {
      if (number === 1) await attempt.stepDone('summary', given);
      if (number === 2) await attempt.stepDone('verdict', false);
      if (number < 3) throw new Failure('WEBHOOK_DELIVERY', 'away');
    });
    await queue.add(record('CA1'));
    await startWorker(process);
    await eventually(results).toMatchObject({ done: 1 });
    expect(attempts.map(({ results, failedAttempts }) => ({ results, failedAttempts }))).toEqual([
      { results: {}, failedAttempts: 0 },
      { results: { summary: given }, failedAttempts: 1 },
      { results: { summary: given, verdict: false }, failedAttempts: 2 },
    ]);
    expect(attempts.at(-1)?.doneSteps).toEqual(['summary', 'verdict']);
  });

  test('keeps what steps that failed want to have again, apart from what steps gave, the last of it alone', async () => {
    const queue = await openQueue();
    const { attempts, process } = observed(async ({ keepCheckpoint, stepDone }, number) => {
      if (number === 1) {
        await keepCheckpoint('summary', { tokens: 1 });
        await stepDone('extract', 'found');
        await keepCheckpoint('summary', { tokens: 2 });
        await keepCheckpoint('verdict', { tokens: 3 });
      }
      if (number < 3) throw new Failure('ANALYSIS_UNAVAILABLE', 'away');
    });
    await queue.add(record('CA1'));
    await startWorker(process);
    await eventually(results).toMatchObject({ done: 1 });
    const kept = { results: { extract: 'found' }, checkpoints: { summary: { tokens: 2 }, verdict: { tokens: 3 } } };
    expect(attempts.map(({ results, checkpoints }) => ({ results, checkpoints }))).toEqual([
      { results: {}, checkpoints: {} },
      kept,
      kept,
    ]);
    expect(attempts.at(-1)?.doneSteps).toEqual(['extract']);
  });

  test('leaves a job whose agent is left out here to a worker that has it, with all its attempts before it', async () => {
    const queue = await openQueue();
    const without = observed(async ({ jobId, stepDone, failedAttempts }) => {
      if (jobId !== 'CA1') return;
      if (failedAttempts > 0) throw new Failure('AGENT_LEFT_OUT', 'set CRM_KEY');
      await stepDone('write');
      throw new Failure('WEBHOOK_DELIVERY', 'away');
    });
    await queue.add(record('CA1'));
    await startWorker(without.process);
    await eventually(results).toMatchObject({ handedBack: expect.any(Number) });
    await queue.add(record('CA2'));
    await eventually(results).toMatchObject({ done: 1, failed: 1 });
    const browser = await driver.browser();
    open.push(browser);
    expect(await browser.find('CA1')).toMatchObject({ attempts: 1, lastFailure: 'AGENT_LEFT_OUT: set CRM_KEY' });

    const having = observed();
    await startWorker(having.process);
    await eventually(results).toMatchObject({ done: 2, failed: 1 });
    expect(having.attempts).toMatchObject([{ jobId: 'CA1', failedAttempts: 1, doneSteps: ['write'] }]);
    expect(await results()).not.toHaveProperty('dead');
  });

  test('takes an unknown error for one that may pass', async () => {
    const queue = await openQueue();
    const { attempts, process } = observed((_, number) => {
      if (number === 1) throw new TypeError('surprise');
    });
    await queue.add(record('CA1'));
    await startWorker(process);
    await eventually(results).toMatchObject({ done: 1 });
    expect(attempts).toHaveLength(2);
  });

  test('gives a job up after its last attempt, keeps it, and goes on with the next', async () => {
    const queue = await openQueue();
    const { attempts, process } = observed(({ jobId }) => {
      if (jobId === 'CA1') throw new Failure('WEBHOOK_DELIVERY', 'never');
    });
    await queue.add(record('CA1'));
    await queue.add(record('CA2'));
    await startWorker(process);
    await eventually(results).toEqual({ done: 1, dead: 1, failed: 2 });
    expect(attempts.filter(({ jobId }) => jobId === 'CA1')).toHaveLength(QUICK.attempts);
  });

  test('gives a job up at once when trying again cannot help, and does not take it again', async () => {
    const queue = await openQueue();
    const { attempts, process } = observed(() => {
      throw new Failure('WEBHOOK_REFUSED', 'gone');
    });
    await queue.add(record('CA1'));
    await startWorker(process);
    await eventually(results).toEqual({ dead: 1 });
    await queue.add(record('CA1'));
    expect(attempts).toHaveLength(1);
    expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, done: 0, dead: 1 });
  });

  test('processes as many jobs at a time as it may, and no more', async () => {
    const queue = await openQueue();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    let most = 0;
    const { attempts, process } = observed(async () => {
      most = Math.max(most, ++running);
      await released;
      running--;
    });
    for (const callId of ['CA1', 'CA2', 'CA3']) await queue.add(record(callId));
    await startWorker(process, 2);
    await eventually(() => attempts.length).toBe(2);
    expect(await queue.counts()).toMatchObject({ waiting: 1, active: 2 });
    release();
    await eventually(results).toMatchObject({ done: 3 });
    expect(most).toBe(2);
  });

  test('finishes the job it has when it is closed, and leaves the rest', async () => {
    const queue = await openQueue();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { attempts, process } = observed(() => released);
    await queue.add(record('CA1'));
    await queue.add(record('CA2'));
    const worker = await startWorker(process);
    await eventually(() => attempts.length).toBe(1);
    const closed = worker.close(GRACE_MS);
    release();
    expect(await closed).toBe(true);
    expect(await queue.counts()).toMatchObject({ done: 1, waiting: 1, active: 0 });
  });

  test('does not wait for a job longer than its grace', async () => {
    const queue = await openQueue();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { attempts, process } = observed(() => released);
    await queue.add(record('CA1'));
    const worker = await startWorker(process);
    await eventually(() => attempts.length).toBe(1);
    expect(await worker.close(1)).toBe(false);
    release();
  });

  test('refuses a call whose id could lead out of its folder', async () => {
    const queue = await openQueue();
    await expect(queue.add({ ...record('CA1'), callId: '../CA1' })).rejects.toMatchObject({ code: 'RECORD_INVALID' });
  });
});
