/** What may lie in a spool and is no job of ours: told of, kept, and in nobody's way. */
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemIds } from '../../../src/lib/index.ts';
import {
  createProcessor,
  createSpoolQueue,
  createSpoolWorker,
  RETRY,
  Spool,
  type Worker,
  writeRecord,
} from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { type Owners, openOwners } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { record } from '../transcript/given.ts';

let folder: string;
let clock: ManualClock;
let owners: Owners;
let worker: Worker | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-doors-'));
  clock = new ManualClock();
  owners = openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
});
afterEach(async () => {
  await worker?.close(1_000);
  owners.close();
  await rm(folder, { recursive: true });
});

const at = (...path: string[]) => join(folder, 'queue', ...path);
const openQueue = async () => {
  const spool = await Spool.open({ folder: at(), owners, clock });
  worker = createSpoolWorker(spool, {
    process: createProcessor([writeRecord({ folder: join(folder, 'records'), afterwardsFor: () => undefined })]),
    concurrency: 2,
    retry: RETRY,
    clock,
    ids: systemIds,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  });
  return { queue: createSpoolQueue(spool), worker };
};
const job = (callId: string, changed: object = {}) =>
  JSON.stringify({
    data: { version: 1, callId, record: record(callId), ...changed },
    runAtMs: 0,
    failedAttempts: 0,
    stalls: 0,
    doneSteps: [],
    failure: null,
  });
const eventually = <T>(what: () => T) => expect.poll(what, { interval: 5, timeout: 15_000 });

test('what is no job is buried as it is, what is no job file is left alone, and the job behind it is done', async () => {
  const { queue, worker: started } = await openQueue();
  const outside = join(folder, 'outside.json');
  await writeFile(outside, job('CA-linked'));
  const bad: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
    'CA-empty': (path) => writeFile(path, ''),
    'CA-torn': (path) => writeFile(path, job('CA-torn').slice(0, 200)),
    'CA-newer': (path) => writeFile(path, job('CA-newer', { version: 2 })),
    'CA-of-another': (path) => writeFile(path, job('CA1')),
    'no call id': (path) => writeFile(path, job('no call id')),
    'CA-huge': async (path) => {
      await writeFile(path, job('CA-huge'));
      await truncate(path, 20 * 2 ** 20);
    },
    'CA-folder': (path) => mkdir(path),
    'CA-linked': (path) => symlink(outside, path),
    'CA-loop': (path) => symlink(path, path),
    'CA-pipe': (path) => Promise.resolve(execFileSync('mkfifo', [path])),
  };
  for (const [name, make] of Object.entries(bad)) await make(at('waiting', `${name}.json`));
  await writeFile(at('waiting', 'notes.txt'), 'mine');
  await writeFile(at('active', '.DS_Store'), '');
  await queue.add(record('CA1'));
  await started.start();

  const names = Object.keys(bad).toSorted();
  await eventually(() => queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, done: 1, dead: names.length });
  expect((await readdir(at('dead'))).toSorted()).toEqual(names.map((name) => `${name}.json`));
  expect(await readdir(at('waiting'))).toEqual(['notes.txt']);
  expect(await readdir(join(folder, 'records', '2026-01-01'))).toEqual(['CA1.json']);
  expect((await lstat(at('dead', 'CA-huge.json'))).size).toBe(20 * 2 ** 20);
  expect(await readFile(at('dead', 'CA-torn.json'), 'utf8')).toBe(job('CA-torn').slice(0, 200));
  expect(JSON.parse(await readFile(at('dead', 'CA-newer.json'), 'utf8'))).toMatchObject({
    failure: { code: 'RECORD_INVALID', message: expect.stringContaining('version') },
    data: { version: 2, record: record('CA-newer') },
  });
  expect(await readFile(outside, 'utf8')).toBe(job('CA-linked'));
});

test('a damaged file does not take the place of a dead job of the same name', async () => {
  const { queue, worker: started } = await openQueue();
  await writeFile(at('dead', 'CA1.json'), job('CA1'));
  await writeFile(at('waiting', 'CA1.json'), '{');
  await started.start();
  await eventually(() => queue.counts()).toMatchObject({ waiting: 0, active: 0, dead: 2 });
  expect(await readFile(at('dead', 'CA1.json'), 'utf8')).toBe(job('CA1'));
});

test('what a person put among the claims of a dead process is left, and the claims are taken', async () => {
  const dead = openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
  const { queue, worker: started } = await openQueue();
  await mkdir(at('active', dead.id, 'mine'), { recursive: true });
  await writeFile(at('active', dead.id, 'CA1.json'), job('CA1'));
  dead.close();
  await started.start();
  await eventually(() => queue.counts()).toMatchObject({ waiting: 0, active: 0, done: 1 });
  expect(await readdir(at('active', dead.id))).toEqual(['mine']);
});

test('a record that no reader would take is refused, so that it stays where it is', async () => {
  const { queue } = await openQueue();
  const text = 'x'.repeat(17 * 2 ** 20);
  const [line] = record('CA1').lines;
  const huge = { ...record('CA1'), lines: [{ ...line!, text }] };
  await expect(queue.add(huge)).rejects.toMatchObject({ code: 'RECORD_INVALID', retryable: false });
  expect(await queue.counts()).toMatchObject({ waiting: 0 });
});
