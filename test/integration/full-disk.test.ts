/** A disk that takes nothing in the middle of a call: the caller notices nothing, and the transcript arrives all the same. Real processes. */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CallScript, PhoneEvent, ScenarioInput } from '../../src/simulator/index.ts';
import type { CallRecord } from '../../src/transcript/index.ts';
import { onTheirOwn, type Replica, type Replicas, recordsIn } from '../support/replicas.ts';

const SAID = ['Good morning.', 'Who was it?', 'That was Kennedy.'];
const model: ScenarioInput = {
  turns: [
    { on: 'greeting', says: SAID[0] },
    { on: 'speech', hears: SAID[1], says: SAID[2] },
  ],
};
const HEAR = { hear: 'agent', withinMs: 15_000 } as const;
const QUIET = { hearSilence: { ms: 700 }, withinMs: 20_000 };
const script: CallScript = [
  HEAR,
  QUIET,
  {
    say: { wav: join(import.meta.dirname, '../../fixtures/audio/jfk-8k.wav'), fromMs: 5_300, toMs: 7_300 },
    withinMs: 10_000,
  },
  ...[HEAR, QUIET],
  { hangUp: true, withinMs: 1_000 },
];
/** A real call of ten seconds, and processes that start; on a busy machine twice that. */
const LONG = 60_000;

/** A limit on the size of files stands for a full disk: even files that are new take no more. */
const fill = ({ process }: Replica, sizeBytes: number | 'unlimited'): void =>
  void execFileSync('prlimit', ['--pid', `${process.child.pid}`, `--fsize=${sizeBytes}:`]);

/** Plays the call; `damage` happens when the caller begins to speak. */
async function callWith(replicas: Replicas, damage: () => void): Promise<void> {
  const { scriptFailure, end } = await replicas.call({
    script,
    onEvent: (event: PhoneEvent) => {
      if (event.type === 'stepBegan' && event.step.startsWith('says')) damage();
    },
  });
  expect([scriptFailure, end.how]).toEqual([undefined, 'callerHungUp']);
}

const theRecord = (folder: string): Promise<CallRecord> =>
  vi.waitFor(
    () => {
      const [record] = recordsIn(folder);
      if (record === undefined) throw new Error('no record yet');
      return record;
    },
    { timeout: 20_000 },
  );

function expectWhole({ lines, missing, outcome }: CallRecord): void {
  expect(lines.map(({ text }) => text)).toEqual(SAID);
  expect(missing).toEqual({ untranscribedTurns: 0, damagedLines: 0, lostEntries: 0 });
  expect(outcome).toEqual({ kind: 'callerGone' });
}

describe.concurrent('a disk that takes nothing more in the middle of a call', () => {
  test(
    'costs nothing where the queue is elsewhere, and is told loudly',
    onTheirOwn(model, async (replicas) => {
      const records = replicas.folder();
      const env = { REDIS_URL: await replicas.redis() };
      await replicas.work({ ...env, DATA_DIR: records });
      const replica = await replicas.start({ ...env, DATA_DIR: replicas.folder() });
      replicas.route(replica);
      await callWith(replicas, () => fill(replica, 10));
      expectWhole(await theRecord(records));
      expect(replica.process.output()).toContain('journal not written, kept in memory');
      const metrics = await (await fetch(`${replica.origin}/metrics`)).text();
      expect(metrics).toMatch(/callbridge_journal_errors_total [1-9]/);
    }),
    LONG,
  );

  test(
    'keeps the record in memory where the queue is on it as well, until there is room',
    onTheirOwn(model, async (replicas) => {
      const folder = replicas.folder();
      const replica = await replicas.start({ DATA_DIR: folder });
      replicas.route(replica);
      await callWith(replicas, () => fill(replica, 10));
      await replica.process.says(/record not published, kept on disk/);
      expect(recordsIn(folder)).toEqual([]);
      fill(replica, 'unlimited');
      expectWhole(await theRecord(folder));
    }),
    LONG,
  );

  test(
    'because its folder cannot be written, costs nothing either',
    onTheirOwn(model, async (replicas) => {
      const records = replicas.folder();
      const folder = replicas.folder();
      const env = { REDIS_URL: await replicas.redis() };
      await replicas.work({ ...env, DATA_DIR: records });
      const replica = await replicas.start({ ...env, DATA_DIR: folder });
      replicas.route(replica);
      const journals = join(folder, 'journals');
      for (const owner of readdirSync(journals)) {
        rmSync(join(journals, owner), { recursive: true });
        writeFileSync(join(journals, owner), 'no folder');
      }
      await callWith(replicas, () => undefined);
      expectWhole(await theRecord(records));
      await replica.process.says(/journal not written, kept in memory.*record published/s);
    }),
    LONG,
  );
});
