/** A call outlives its process: killed in mid-call, given away at a deploy, or started anew on the same disk. Real processes. */
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CallResult, CallScript, PhoneEvent, ScenarioInput } from '../../src/simulator/index.ts';
import type { CallRecord } from '../../src/transcript/index.ts';
import { onTheirOwn, type Replica, type Replicas, recordsIn } from '../support/replicas.ts';
import { onOneDisk, overRedis } from '../support/two-replicas.ts';

/** Two seconds of real speech. */
const ask = {
  say: { wav: join(import.meta.dirname, '../../fixtures/audio/jfk-8k.wav'), fromMs: 5_300, toMs: 7_300 },
  withinMs: 10_000,
};
const SAID = ['Good morning.', 'Who was it?', 'That was Kennedy.', 'And what was he?', 'He was president.'];
const model: ScenarioInput = {
  turns: [
    { on: 'greeting', says: SAID[0] },
    { on: 'speech', hears: SAID[1], says: SAID[2] },
    { on: 'speech', hears: SAID[3], says: SAID[4] },
  ],
};
const QUIET = { hearSilence: { ms: 700 }, withinMs: 20_000 };
const HEAR = { hear: 'agent', withinMs: 15_000 } as const;
/** A line is finished a second after it was heard; from the second wait on the process may die. The caller speaks on when they are back. */
const script: CallScript = [
  ...[HEAR, QUIET, ask, HEAR, QUIET],
  { wait: 1_200, withinMs: 1_000 },
  { wait: 8_000, withinMs: 1_000 },
  ...[ask, HEAR, QUIET],
  { hangUp: true, withinMs: 1_000 },
];

const HABITS = ['action', 'nextVerb', 'secondStream', 'nothing'] as const;
/** Real calls of twenty seconds, and processes that start; on a busy machine twice that. */
const LONG = 90_000;

const amongPatientAgents = (run: (replicas: Replicas) => Promise<void>) => onTheirOwn(model, run, { patient: true });

/** Calls with these habits; `waiting` resolves when all of them have come to the wait. */
function placeCalls(replicas: Replicas, habits: readonly (typeof HABITS)[number][]) {
  let left = habits.length;
  let allWait = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    allWait = resolve;
  });
  const results = habits.map((leadsTo) =>
    replicas.call({
      script,
      habits: { brokenStream: { leadsTo, afterMs: 200 }, refusedStream: 'broken' },
      onEvent: (event: PhoneEvent) => {
        if (event.type === 'stepBegan' && event.step === 'waits 8000 ms' && --left === 0) allWait();
      },
    }),
  );
  return { waiting, results: Promise.all(results) };
}

function expectWhole(
  { live }: Replicas,
  results: readonly CallResult[],
  records: readonly CallRecord[],
  takenUp: string,
): void {
  expect(results.map(({ scriptFailure, end }) => [scriptFailure, end.how])).toEqual(
    results.map(() => [undefined, 'callerHungUp']),
  );
  expect(records.map(({ callId }) => callId).sort()).toEqual(results.map(({ callSid }) => callSid).sort());
  for (const { lines, events, outcome, missing } of records) {
    expect(outcome).toEqual({ kind: 'callerGone' });
    expect(lines.map(({ text }) => text)).toEqual(SAID);
    expect(events.map(({ code }) => code)).toContain(takenUp);
    expect(missing).toEqual({ untranscribedTurns: 0, damagedLines: 0, lostEntries: 0 });
  }
  // One stream more where a second one was tried in vain, as its token was used.
  for (const { streams } of results) expect([2, 3]).toContain(streams.length);
  // One session a call, which was greeted once, and remembers: it was resumed.
  expect(live.sessions).toHaveLength(results.length);
  for (const session of live.sessions) {
    expect(session.eventsOf('textReceived').filter(({ text }) => /picked up/.test(text))).toHaveLength(1);
  }
}

const diedWith = async (replica: Replica, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
  replica.process.child.kill(signal);
  await replica.process.exited();
};

describe.concurrent('on one disk', () => {
  test(
    'a process that is killed leaves its calls to another one, whatever the provider does about its stream',
    amongPatientAgents(async (replicas) => {
      const { first, second, records } = await onOneDisk(replicas);
      const { waiting, results } = placeCalls(replicas, HABITS);
      await waiting;
      replicas.route(first, second);
      await diedWith(first, 'SIGKILL');
      const done = await results;
      expectWhole(replicas, done, await allOf(done, records), 'TAKEN_UP');
    }),
    LONG,
  );

  test(
    'a process that is killed and started again goes on with its calls',
    amongPatientAgents(async (replicas) => {
      const folder = replicas.folder();
      const first = await replicas.start({ DATA_DIR: folder });
      replicas.route(first);
      const { waiting, results } = placeCalls(replicas, ['nothing']);
      await waiting;
      await diedWith(first, 'SIGKILL');
      await replicas.start({ DATA_DIR: folder }, first.origin);
      const done = await results;
      expectWhole(replicas, done, await allOf(done, folder), 'TAKEN_UP');
      expect(replicas.twilio.requests.map(({ status }) => status)).toEqual([200]);
    }),
    LONG,
  );
});

describe.concurrent('over Redis, each with a disk of its own', () => {
  test(
    'a process that is killed leaves its calls to another one, whatever the provider does about its stream',
    amongPatientAgents(async (replicas) => {
      const { first, second, records } = await overRedis(replicas);
      const { waiting, results } = placeCalls(replicas, HABITS);
      await waiting;
      replicas.route(first, second);
      await diedWith(first, 'SIGKILL');
      const done = await results;
      expectWhole(replicas, done, await allOf(done, records), 'TAKEN_UP');
    }),
    LONG,
  );

  test(
    'a process that is told to stop gives its calls to another one, and ends well',
    amongPatientAgents(async (replicas) => {
      const { first, second, records } = await overRedis(replicas);
      const { waiting, results } = placeCalls(replicas, ['action', 'action']);
      await waiting;
      replicas.route(first, second);
      first.process.child.kill('SIGTERM');
      expect(await first.process.exited(), first.process.output()).toBe(0);
      const done = await results;
      expectWhole(replicas, done, await allOf(done, records), 'HANDED_OVER');
      expect(replicas.twilio.requests.map(({ status }) => status)).toEqual([200, 200]);
    }),
    LONG,
  );
});

/** The worker, or the process itself, writes them when the calls have ended. */
function allOf(results: readonly CallResult[], folder: string): Promise<readonly CallRecord[]> {
  const look = (): readonly CallRecord[] => {
    const records = recordsIn(folder);
    if (records.length < results.length) throw new Error(`${records.length} of ${results.length} records yet`);
    return records;
  };
  return vi.waitFor(look, { timeout: 10_000 });
}
