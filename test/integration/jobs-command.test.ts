/** `callbridge jobs` as an operator types it, beside a service that runs and one that does not. */
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobsCommand } from '../../src/cli/jobs.ts';
import { systemClock, systemIds } from '../../src/lib/index.ts';
import {
  createProcessor,
  createSpoolQueue,
  createSpoolWorker,
  RETRY,
  Spool,
  type Step,
  writeRecord,
} from '../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import { openOwners } from '../../src/transcript/index.ts';
import { callbridge } from '../support/processes.ts';
import { freePort } from '../support/redis.ts';
import { record } from '../unit/transcript/given.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'callbridge-jobs-'));
});
afterEach(() => rmSync(data, { recursive: true }));

interface Answer {
  readonly code: number;
  /** All that it printed. */
  readonly said: string;
}

/** In this process: starting one takes half a second. */
async function jobs(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const left = new Error('exit');
  let code = 0;
  let said = '';
  const print = (line: string): void => {
    said += `${line}\n`;
  };
  const exitCode = (to: number): void => {
    code = to;
  };
  const exit = (to: number): never => {
    code = to;
    throw left;
  };
  const source = { env: { DATA_DIR: data, ...env }, cwd: process.cwd() };
  try {
    await jobsCommand({ out: print, error: print, exitCode, exit }, source).parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error !== left) throw error;
  }
  return { code, said };
}

/** As a process of its own. */
async function typed(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const command = callbridge(['jobs', ...args], { DATA_DIR: data, ...env });
  const code = (await command.exited()) ?? -1;
  return { code, said: command.output() };
}

/** A service's queue as it stands in DATA_DIR; `refused` calls die at their webhook until `mended`. */
async function service(refused: readonly string[] = []) {
  let mended = false;
  const owners = openOwners({ folder: join(data, 'processes'), clock: systemClock, ids: systemIds });
  const spool = await Spool.open({ folder: join(data, 'spool'), owners, clock: systemClock });
  const runs: string[] = [];
  const webhook = {
    name: 'deliver-webhook',
    run: async ({ callId }: { callId: string }) => {
      runs.push(callId);
      if (!mended && refused.includes(callId)) throw Object.assign(new Error('gone'));
    },
  };
  const summary: Step = { name: 'summary', after: [], run: () => Promise.resolve('She asked for the time.') };
  const steps = [writeRecord({ folder: join(data, 'records'), afterwardsFor: () => undefined }), webhook, summary];
  const worker = createSpoolWorker(spool, {
    process: createProcessor(steps),
    concurrency: 2,
    retry: { ...RETRY, attempts: 1 },
    clock: systemClock,
    ids: systemIds,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  });
  const queue = createSpoolQueue(spool);
  return {
    queue,
    worker,
    runs,
    mend: () => {
      mended = true;
    },
    settled: (counts: object) =>
      expect.poll(() => queue.counts(), { interval: 5, timeout: 15_000 }).toMatchObject(counts),
    stop: async () => {
      await worker.close(1_000);
      owners.close();
    },
  };
}

test('lists, shows and retries what was given up, while the service runs', async () => {
  const { queue, worker, runs, mend, settled, stop } = await service(['CA2', 'CA3']);
  await worker.start();
  for (const callId of ['CA1', 'CA2', 'CA3']) await queue.add(record(callId));
  await settled({ done: 1, dead: 2 });

  const listed = await jobs(['list']);
  expect(listed.code).toBe(0);
  expect(listed.said).toMatch(/^CALL +STATE +ATTEMPTS +NEXT TRY +STEPS DONE +LAST FAILURE\n/);
  expect(listed.said).toMatch(/CA2 +dead +1 +- +write-record, summary +STEP_FAILED: gone\n/);
  expect(listed.said).toMatch(/CA1 +done +1 +- +write-record, deliver-webhook, summary +-\n3 of 3 jobs/);
  const page = await jobs(['list', '--limit', '1', '--skip', '1', '--json']);
  expect(JSON.parse(page.said)).toMatchObject({ total: 3, skip: 1, counts: { dead: 2 }, jobs: [{ state: 'dead' }] });
  expect((await jobs(['list', '--limit', '1', '--skip', '1'])).said).toContain('more: --skip 2');
  expect((await jobs(['list', '--state', 'waiting'])).said).toMatch(/^0 of 0 jobs/);

  const shown = await jobs(['show', 'CA2']);
  expect(shown).toMatchObject({
    code: 0,
    said: expect.stringMatching(/State +dead[\s\S]*Failure +STEP_FAILED: gone[\s\S]*Lines +2 /),
  });
  expect(shown.said).not.toContain('What time is it?');
  expect((await jobs(['show', 'CA2', '--json'])).said).not.toMatch(/What time is it\?|She asked/);
  expect((await jobs(['show', 'CA2', '--dialogue'])).said).toContain('What time is it?');
  expect(JSON.parse((await jobs(['show', 'CA2', '--dialogue', '--json'])).said)).toMatchObject({
    record: record('CA2'),
    results: { summary: 'She asked for the time.' },
  });

  mend();
  expect(await typed(['retry', '--all-dead'])).toEqual({
    code: 0,
    said: '2 of 2 dead jobs wait for the next worker\n',
  });
  await settled({ done: 3, dead: 0 });
  expect(runs.toSorted()).toEqual(['CA1', 'CA2', 'CA2', 'CA3', 'CA3']);
  await stop();
});

test('replays what is done or forgotten, before the service is started', async () => {
  const before = await service();
  await before.worker.start();
  await before.queue.add(record('CA1'));
  await before.settled({ done: 1 });
  await before.stop();
  const file = join(data, 'records', '2026-01-01', 'CA1.json');

  expect(await jobs(['retry', 'CA1'])).toMatchObject({ code: 1, said: expect.stringContaining('`replay` runs all') });
  expect(await jobs(['replay', 'CA1'])).toEqual({ code: 0, said: 'CA1 waits for the next worker\n' });
  rmSync(join(data, 'spool', 'waiting', 'CA1.json'));
  expect(await jobs(['replay', 'CA1'])).toMatchObject({ code: 1, said: expect.stringContaining('--record') });
  expect(await jobs(['replay', 'CA2', '--record', file])).toMatchObject({
    code: 2,
    said: expect.stringContaining('of call CA1'),
  });
  expect(await jobs(['replay', 'CA1', '--record', file])).toMatchObject({ code: 0 });

  const after = await service();
  await after.worker.start();
  await after.settled({ waiting: 0, active: 0, done: 1 });
  expect(after.runs).toEqual(['CA1']);
  await after.stop();
});

test('says what was wrong, and what to do', async () => {
  const { stop, queue } = await service();
  await queue.add(record('CA1'));
  writeFileSync(join(data, 'notes'), 'no record');
  const nowhere = { REDIS_URL: `redis://:opensesame@127.0.0.1:${await freePort()}` };
  const wrong: [readonly string[], Readonly<Record<string, string>>, number, RegExp][] = [
    [['show', 'CA9'], {}, 1, /holds no job of call CA9/],
    [['retry', 'CA9'], {}, 1, /holds no job of call CA9/],
    [['show', '../CA1'], {}, 1, /holds no job/],
    [['retry'], {}, 2, /name one call, or give --all-dead/],
    [['retry', 'CA1', '--all-dead'], {}, 2, /name one call, or give --all-dead/],
    [['list', '--state', 'asleep'], {}, 2, /Allowed choices are dead/],
    [['list', '--limit', '9999'], {}, 2, /from 1 to 1000/],
    [['replay', 'CA1', '--record', join(data, 'notes')], {}, 2, /is no JSON/],
    [['replay', 'CA1', '--record', join(data, 'nothing')], {}, 2, /cannot be read/],
    [['list'], { DATA_DIR: join(data, 'elsewhere') }, 2, /set DATA_DIR/],
    [['list'], { REDIS_URL: 'http://localhost' }, 2, /REDIS_URL: must be/],
    [['list'], nowhere, 2, /Redis at 127\.0\.0\.1:\d+: .*ECONNREFUSED/],
  ];
  const answers = await Promise.all(wrong.map(([args, env]) => jobs(args, env)));
  for (const [index, [args, , code, words]] of wrong.entries()) {
    expect(answers[index], args.join(' ')).toEqual({ code, said: expect.stringMatching(words) });
    expect(answers[index]?.said).not.toMatch(/opensesame|\n +at /);
  }
  expect((await jobs(['--help'])).said).toMatch(/Examples:[\s\S]*retry --all-dead/);
  expect(await typed(['show', 'CA9'])).toMatchObject({
    code: 1,
    said: expect.stringMatching(/holds no job of call CA9/),
  });
  expect((await typed(['show'])).code).toBe(2);
  await stop();
});

/** Root may give files away and read what is closed; anybody else has both only with their own. */
const ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;

test("leaves files to the service's user when root asks", async () => {
  const { queue, stop } = await service();
  await queue.add(record('CA1'));
  const user = ROOT ? NOBODY : process.getuid!();
  const give = (path: string): void => {
    chownSync(path, user, process.getgid!());
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) give(join(path, name));
  };
  give(data);
  expect(await typed(['replay', 'CA1'])).toMatchObject({ code: 0 });
  expect(statSync(join(data, 'spool', 'waiting', 'CA1.json')).uid).toBe(user);
  await stop();
});

test('tells who may not look into the queue so', async () => {
  const { stop } = await service();
  const spool = join(data, 'spool');
  chmodSync(spool, 0);
  if (ROOT) process.seteuid!(NOBODY);
  const answer = await jobs(['list']);
  if (ROOT) process.seteuid!(0);
  chmodSync(spool, 0o700);
  expect(answer).toEqual({ code: 2, said: expect.stringMatching(/^Not allowed: .*spool/) });
  await stop();
});
