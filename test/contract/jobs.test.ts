/** What an operator may see of a queue and ask of it, held to each of them, with and without a worker that runs. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/lib/index.ts';
import type { Attempt, JobBrowser, JobQueue } from '../../src/postprocess/index.ts';
import { createMetrics } from '../../src/telemetry/index.ts';
import { record } from '../unit/transcript/given.ts';
import { type Driver, drivers, QUICK } from './queue-drivers.ts';

const GRACE_MS = 10_000;
/** Nobody waits for it within a test. */
const LATER = { ...QUICK, backoff: { firstMs: 3_600_000, factor: 1, maxMs: 3_600_000, jitter: 0 } };

describe.each(drivers)('%s', (_name, makeDriver) => {
  let driver: Driver;
  let queue: JobQueue;
  let jobs: JobBrowser;
  let attempts: Attempt[];
  let outcome: (attempt: Attempt) => Promise<void> | void;
  let closers: (() => Promise<unknown>)[];

  beforeEach(async () => {
    driver = await makeDriver();
    queue = await driver.queue();
    jobs = await driver.browser();
    attempts = [];
    outcome = () => undefined;
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await jobs.close();
    await queue.close();
    await driver.stop();
  });

  const startWorker = async (retry = QUICK) => {
    const process = async (attempt: Attempt) => {
      attempts.push(attempt);
      await outcome(attempt);
    };
    const worker = await driver.worker(process, 1, createMetrics(), retry);
    closers.push(() => worker.close(GRACE_MS));
    await worker.start();
    return worker;
  };
  const stopWorker = () => closers.pop()!();
  const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 15_000 });
  const stateOf = async (callId: string) => (await jobs.find(callId))?.state;
  const refuse = () => {
    throw new Failure('WEBHOOK_REFUSED', 'gone');
  };
  const failAfterWriting = async ({ doneSteps, stepDone, keepCheckpoint }: Attempt) => {
    if (!doneSteps.includes('write')) await stepDone('write', 'written');
    await keepCheckpoint('summary', { tokens: 1 });
    throw new Failure('WEBHOOK_DELIVERY', 'not today');
  };

  test('shows a job in each of its states', async () => {
    expect(await jobs.find('CA1')).toBeUndefined();
    await queue.add(record('CA1'));
    const asAdded = { callId: 'CA1', attempts: 0, doneSteps: [], lastFailure: null, nextTryMs: null };
    const data = { version: 1, callId: 'CA1', record: record('CA1') };
    expect(await jobs.find('CA1')).toEqual({ ...asAdded, state: 'waiting', data, results: {} });
    expect(await jobs.list('waiting', { skip: 0, limit: 10 })).toEqual([{ ...asAdded, state: 'waiting' }]);

    let end = (): void => undefined;
    outcome = async (attempt) => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      await failAfterWriting(attempt);
    };
    const before = Date.now();
    await startWorker(LATER);
    await eventually(() => attempts.length).toBe(1);
    expect(await jobs.find('CA1')).toEqual({ ...asAdded, state: 'active', data, results: {} });
    end();
    await eventually(() => stateOf('CA1')).toBe('delayed');
    const failed = { attempts: 1, doneSteps: ['write'], lastFailure: 'WEBHOOK_DELIVERY: not today' };
    const delayed = await jobs.find('CA1');
    expect(delayed).toMatchObject({ callId: 'CA1', ...failed, data });
    expect(delayed?.nextTryMs).toBeGreaterThanOrEqual(before + 3_600_000 - 1);
    expect(delayed?.nextTryMs).toBeLessThanOrEqual(Date.now() + 3_600_000);
    const { data: _, results: __, ...summary } = delayed!;
    expect(await jobs.list('delayed', { skip: 0, limit: 10 })).toEqual([summary]);

    outcome = refuse;
    await queue.add(record('CA2'));
    await eventually(() => stateOf('CA2')).toBe('dead');
    expect(await jobs.find('CA2')).toMatchObject({
      attempts: 1,
      lastFailure: 'WEBHOOK_REFUSED: gone',
      nextTryMs: null,
    });
    outcome = () => undefined;
    await queue.add(record('CA3'));
    await eventually(() => stateOf('CA3')).toBe('done');
    expect(await jobs.find('CA3')).toMatchObject({ attempts: 1, lastFailure: null, data: { callId: 'CA3' } });
    expect(await jobs.counts()).toEqual({ waiting: 0, delayed: 1, active: 0, done: 1, dead: 1 });
    expect(await queue.counts()).toEqual(await jobs.counts());
  });

  test('lists by pages, waiting jobs oldest first and dead ones newest first', async () => {
    const callIds = ['CA1', 'CA2', 'CA3'];
    const pages = async (state: 'waiting' | 'dead') => {
      const found = [];
      for (const skip of [0, 2, 4])
        found.push((await jobs.list(state, { skip, limit: 2 })).map(({ callId }) => callId));
      return found;
    };
    for (const callId of callIds) await queue.add(record(callId));
    expect(await pages('waiting')).toEqual([['CA1', 'CA2'], ['CA3'], []]);
    expect(await jobs.list('done', { skip: 0, limit: 2 })).toEqual([]);
    outcome = refuse;
    await startWorker();
    await eventually(() => jobs.counts()).toMatchObject({ dead: 3 });
    expect(await pages('dead')).toEqual([['CA3', 'CA2'], ['CA1'], []]);
  });

  test('a delayed job that is retried is run at once by a worker that knows it as delayed, without the steps that are done', async () => {
    outcome = failAfterWriting;
    await queue.add(record('CA1'));
    await startWorker(LATER);
    await eventually(() => stateOf('CA1')).toBe('delayed');
    outcome = () => undefined;
    expect(await jobs.runAgain('CA1', { afresh: false })).toBe('queued');
    await eventually(() => stateOf('CA1')).toBe('done');
    expect(attempts.map(({ doneSteps }) => doneSteps)).toEqual([[], ['write']]);
  });

  test('a dead job that is retried without a worker waits for the next, with all its attempts before it', async () => {
    outcome = failAfterWriting;
    await queue.add(record('CA1'));
    await startWorker();
    await eventually(() => stateOf('CA1')).toBe('dead');
    await stopWorker();
    expect(attempts).toHaveLength(QUICK.attempts);
    expect(await jobs.runAgain('CA1', { afresh: false })).toBe('queued');
    expect(await jobs.find('CA1')).toMatchObject({
      state: 'waiting',
      attempts: 0,
      doneSteps: ['write'],
      lastFailure: null,
    });
    attempts = [];
    outcome = () => {
      throw new Failure('WEBHOOK_DELIVERY', 'still not');
    };
    await startWorker();
    await eventually(() => stateOf('CA1')).toBe('dead');
    expect(attempts.map(({ doneSteps }) => doneSteps)).toEqual([['write'], ['write'], ['write']]);
    expect(attempts.map(({ results }) => results)).toEqual(Array(3).fill({ write: 'written' }));
    expect(attempts.map(({ checkpoints }) => checkpoints)).toEqual(Array(3).fill({ summary: { tokens: 1 } }));
  });

  test('a finished job that is replayed runs all its steps again; retrying it changes nothing', async () => {
    outcome = ({ stepDone }) => stepDone('write', { lines: 2 });
    await queue.add(record('CA1'));
    await startWorker();
    await eventually(() => stateOf('CA1')).toBe('done');
    expect(await jobs.find('CA1')).toMatchObject({ results: { write: { lines: 2 } } });
    expect(await jobs.runAgain('CA1', { afresh: false })).toBe('done');
    expect(await jobs.runAgain('CA1', { afresh: true })).toBe('queued');
    await eventually(() => attempts.length).toBe(2);
    await eventually(() => stateOf('CA1')).toBe('done');
    expect(attempts.map(({ doneSteps, results }) => ({ doneSteps, results }))).toEqual([
      { doneSteps: [], results: {} },
      { doneSteps: [], results: {} },
    ]);
    expect(attempts[1]?.data).toEqual({ version: 1, callId: 'CA1', record: record('CA1') });
  });

  test('a dead job that is replayed begins afresh, with the record that is given', async () => {
    outcome = failAfterWriting;
    await queue.add(record('CA1'));
    await startWorker();
    await eventually(() => stateOf('CA1')).toBe('dead');
    outcome = () => undefined;
    const mended = { ...record('CA1'), from: '+15550009' };
    expect(await jobs.runAgain('CA1', { afresh: true, record: mended })).toBe('queued');
    await eventually(() => stateOf('CA1')).toBe('done');
    const { doneSteps, results, checkpoints, data } = attempts.at(-1)!;
    expect({ doneSteps, results, checkpoints }).toEqual({ doneSteps: [], results: {}, checkpoints: {} });
    expect(data).toMatchObject({ record: { from: '+15550009' } });
  });

  test('a call that is not known is queued when its record is given, and only then', async () => {
    expect(await jobs.runAgain('CA1', { afresh: true })).toBe('unknown');
    expect(await jobs.runAgain('../CA1', { afresh: true })).toBe('unknown');
    expect(await jobs.counts()).toMatchObject({ waiting: 0 });
    expect(await jobs.runAgain('CA1', { afresh: true, record: record('CA1') })).toBe('queued');
    await startWorker();
    await eventually(() => stateOf('CA1')).toBe('done');
  });

  test('a job that is being worked on is left alone', async () => {
    let end = (): void => undefined;
    outcome = () =>
      new Promise<void>((resolve) => {
        end = resolve;
      });
    await queue.add(record('CA1'));
    await startWorker();
    await eventually(() => attempts.length).toBe(1);
    for (const afresh of [false, true]) expect(await jobs.runAgain('CA1', { afresh })).toBe('active');
    end();
    await eventually(() => stateOf('CA1')).toBe('done');
    expect(attempts).toHaveLength(1);
  });
});
