import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure, systemIds } from '../../../src/lib/index.ts';
import {
  type Attempt,
  createSpoolBrowser,
  createSpoolQueue,
  createSpoolWorker,
  type JobQueue,
  RETRY,
  Spool,
  type Worker,
} from '../../../src/postprocess/index.ts';
import type { Spooled } from '../../../src/postprocess/spool-file.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { type Owners, openOwners } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { record } from '../transcript/given.ts';

const DAY_MS = 24 * 3_600_000;
/** As in production, but for the number of attempts. */
const POLICY = { ...RETRY, attempts: 3 };
const SILENT = createLogger({ level: 'silent' });
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 15_000 });

let folder: string;
let clock: ManualClock;
let owners: Owners;
let spool: Spool;
let queue: JobQueue;
let attempts: Attempt[];
let outcome: (attempt: Attempt) => Promise<void> | void;
let workers: Worker[];

const openAnotherOwner = () => openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
const openSpool = (ownedBy: Owners) => Spool.open({ folder: join(folder, 'queue'), owners: ownedBy, clock });
const startWorker = async (of = spool, logger = SILENT): Promise<Worker> => {
  const process = async (attempt: Attempt) => {
    attempts.push(attempt);
    await outcome(attempt);
  };
  const options = { process, concurrency: 2, retry: POLICY, clock, ids: { ...systemIds, fraction: () => 0.5 } };
  const worker = createSpoolWorker(of, { ...options, logger, metrics: createMetrics() });
  workers.push(worker);
  await worker.start();
  return worker;
};

/** Without waiting for what it is at. */
const stopped = async (worker: Worker): Promise<void> => {
  const closed = worker.close(0);
  clock.tick(0);
  await closed;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-spool-'));
  clock = new ManualClock();
  owners = openAnotherOwner();
  spool = await openSpool(owners);
  queue = createSpoolQueue(spool);
  attempts = [];
  outcome = () => undefined;
  workers = [];
});
afterEach(async () => {
  for (const worker of workers) await stopped(worker);
  owners.close();
  expect(clock.armed).toBe(0);
  await rm(folder, { recursive: true });
});

test('a failed job is tried again when its time has come, not before; after the last time it is buried', async () => {
  outcome = () => {
    throw new Failure('WEBHOOK_DELIVERY', 'away');
  };
  await startWorker();
  await queue.add(record());
  await eventually(() => queue.counts()).toMatchObject({ delayed: 1, active: 0 });
  for (const delayMs of [5_000, 10_000]) {
    const before = attempts.length;
    await clock.advance(delayMs - 1);
    expect(attempts).toHaveLength(before);
    await clock.advance(1);
    await eventually(() => attempts.length).toBe(before + 1);
    await eventually(async () => (await queue.counts()).active).toBe(0);
  }
  expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, done: 0, dead: 1 });
  const buried = JSON.parse(await readFile(join(folder, 'queue', 'dead', 'CA1.json'), 'utf8'));
  expect(buried).toMatchObject({ failedAttempts: 3, failure: { code: 'WEBHOOK_DELIVERY', message: 'away' } });
  expect(buried.data.record).toEqual(record());
});

test('a delay outlives the process', async () => {
  outcome = () => {
    throw new Failure('WEBHOOK_DELIVERY', 'away');
  };
  const worker = await startWorker();
  await queue.add(record());
  await eventually(() => queue.counts()).toMatchObject({ delayed: 1 });
  await stopped(worker);
  outcome = () => undefined;
  await startWorker(await openSpool(owners));
  await clock.advance(4_000);
  expect(attempts).toHaveLength(1);
  await clock.advance(1_000);
  await eventually(() => queue.counts()).toMatchObject({ done: 1 });
});

describe('several processes on one folder', () => {
  test('do each job once', async () => {
    const neighbour = openAnotherOwner();
    await startWorker();
    await startWorker(await openSpool(neighbour));
    for (let i = 0; i < 30; i++) await queue.add(record(`CA${i}`));
    await eventually(async () => {
      await clock.advance(5_000);
      return (await queue.counts()).done;
    }).toBe(30);
    expect(attempts).toHaveLength(30);
    neighbour.close();
  });

  test('find what another one added', async () => {
    const neighbour = openAnotherOwner();
    await startWorker();
    await createSpoolQueue(await openSpool(neighbour)).add(record());
    await clock.advance(5_000);
    await eventually(() => queue.counts()).toMatchObject({ done: 1 });
    neighbour.close();
  });

  test('leave alone what a live one is working on', async () => {
    const neighbour = openAnotherOwner();
    outcome = () => new Promise(() => undefined);
    await queue.add(record());
    await startWorker(await openSpool(neighbour));
    await eventually(() => attempts.length).toBe(1);
    await startWorker();
    await clock.advance(60_000);
    expect(attempts).toHaveLength(1);
    expect(await queue.counts()).toMatchObject({ active: 1 });
    neighbour.close();
  });
});

describe('a job whose agent is left out', () => {
  const retry = async (callId: string): Promise<void> => {
    const neighbour = openAnotherOwner();
    const browser = createSpoolBrowser({ folder: join(folder, 'queue'), open: () => openSpool(neighbour), clock });
    expect(await browser.runAgain(callId, { afresh: false })).toBe('queued');
    neighbour.close();
  };
  const leftOut = () => {
    throw new Failure('AGENT_LEFT_OUT', 'set CRM_KEY');
  };

  test('is read once by a process that cannot do it, and done at once by the next, with all its attempts', async () => {
    outcome = leftOut;
    const log: string[] = [];
    const worker = await startWorker(
      spool,
      createLogger({ level: 'warn', destination: { write: (line) => void log.push(line) } }),
    );
    for (const callId of ['CA1', 'CA2']) await queue.add(record(callId));
    await eventually(() => attempts.length).toBe(2);
    await clock.advance(60_000);
    expect(attempts).toHaveLength(2);
    expect(await queue.counts()).toEqual({ waiting: 2, delayed: 0, active: 0, done: 0, dead: 0 });
    expect(log.map((line) => JSON.parse(line) as object)).toMatchObject([{ code: 'AGENT_LEFT_OUT', callId: 'CA1' }]);
    await stopped(worker);

    outcome = () => undefined;
    await startWorker(await openSpool(owners));
    await eventually(() => queue.counts()).toMatchObject({ waiting: 0, done: 2 });
    expect(attempts.slice(2)).toMatchObject([{ failedAttempts: 0 }, { failedAttempts: 0 }]);
  });

  test('is taken up once more when a person has it retried', async () => {
    outcome = leftOut;
    await startWorker();
    await queue.add(record());
    await eventually(() => attempts.length).toBe(1);
    await eventually(() => queue.counts()).toMatchObject({ waiting: 1 });
    await retry('CA1');
    await clock.advance(5_000);
    await eventually(() => attempts.length).toBe(2);
    await eventually(() => queue.counts()).toMatchObject({ waiting: 1 });
  });
});

describe('a job whose process died', () => {
  /** Leaves the job as a process does that is killed at it. */
  const abandoned = async (): Promise<void> => {
    const dying = openAnotherOwner();
    await (await openSpool(dying)).claim('CA1');
    dying.close();
  };

  test('is taken back, and steps that were done stay done', async () => {
    await queue.add(record());
    const dying = openAnotherOwner();
    const worker = await startWorker(await openSpool(dying));
    outcome = async ({ stepDone }) => {
      await stepDone('write');
      await new Promise(() => undefined);
    };
    await eventually(() => attempts.length).toBe(1);
    const claim = join(folder, 'queue', 'active', dying.id, 'CA1.json');
    await eventually(() => readFile(claim, 'utf8')).toContain('"doneSteps":["write"]');
    await stopped(worker);
    dying.close();
    outcome = () => undefined;
    await startWorker();
    await eventually(() => queue.counts()).toMatchObject({ active: 0, done: 1 });
    expect(attempts[1]).toMatchObject({ doneSteps: ['write'] });
  });

  test('is given up when that happens again and again', async () => {
    await queue.add(record());
    outcome = () => new Promise(() => undefined);
    for (let time = 0; time <= POLICY.stalls; time++) {
      const dying = openAnotherOwner();
      const worker = await startWorker(await openSpool(dying));
      await eventually(() => attempts.length).toBe(time + 1);
      await stopped(worker);
      dying.close();
    }
    await startWorker();
    expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, done: 0, dead: 1 });
    expect(attempts).toHaveLength(POLICY.stalls + 1);
  });

  test('is not done again when only the removal of its file was missing', async () => {
    await queue.add(record());
    await abandoned();
    await writeFile(join(folder, 'queue', 'done', 'CA1.json'), '');
    await startWorker();
    await eventually(() => queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, done: 1, dead: 0 });
    expect(attempts).toEqual([]);
  });

  test('leaves no half-written file behind', async () => {
    const dying = openAnotherOwner();
    await openSpool(dying);
    await writeFile(join(folder, 'queue', 'active', dying.id, '3.tmp'), '{"da');
    dying.close();
    await startWorker();
    expect(await readdir(join(folder, 'queue', 'active'))).toEqual([owners.id]);
  });
});

test('a damaged job file is buried, and the next job is done', async () => {
  await writeFile(join(folder, 'queue', 'waiting', 'CA0.json'), '{"data":');
  await queue.add(record());
  await startWorker();
  await eventually(() => queue.counts()).toMatchObject({ done: 1, dead: 1 });
  expect(await readdir(join(folder, 'queue', 'dead'))).toEqual(['CA0.json']);
});

test('ids of finished jobs are forgotten after a week, and the oldest when there are too many', async () => {
  const left = () => readdir(join(folder, 'queue', 'done'));
  for (const callId of ['CA1', 'CA2', 'CA3']) {
    await queue.add(record(callId));
    await spool.finish(callId, (await spool.claim(callId)) as Spooled);
    clock.tick(DAY_MS);
  }
  clock.tick(5 * DAY_MS);
  await startWorker();
  expect(await left()).toEqual(['CA2.json', 'CA3.json']);
  await spool.forget({ ageMs: RETRY.remembered.ageMs, count: 1 });
  expect(await left()).toEqual(['CA3.json']);
});

test('a folder that cannot be written is an unavailable queue, not a lost record', async () => {
  await rm(join(folder, 'queue', 'waiting'), { recursive: true });
  await writeFile(join(folder, 'queue', 'waiting'), 'in the way');
  await expect(queue.add(record())).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  await rm(join(folder, 'queue', 'waiting'));
  await mkdir(join(folder, 'queue', 'waiting'));
  await queue.add(record());
  expect(await queue.counts()).toMatchObject({ waiting: 1 });
});

test('a process whose folder was taken away goes on without it, at its next job and at its next look', async () => {
  const active = join(folder, 'queue', 'active');
  await rm(active, { recursive: true });
  await queue.add(record('CA1'));
  await startWorker();
  await eventually(() => queue.counts()).toMatchObject({ done: 1, active: 0 });

  outcome = () => rm(active, { recursive: true });
  await queue.add(record('CA2'));
  await eventually(() => readdir(join(folder, 'queue', 'done'))).toEqual(['CA1.json', 'CA2.json']);

  await eventually(() => readdir(active)).toEqual([owners.id]);
  await rm(active, { recursive: true });
  await clock.advance(5_000);
  await eventually(() => queue.counts()).toMatchObject({ done: 2, active: 0 });
});
