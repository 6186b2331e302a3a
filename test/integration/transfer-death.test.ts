/** A caller who is put through outlives the process whose agent did it: whoever is asked next knows. Real processes. */
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  type Callee,
  type CallResult,
  type CallScript,
  type PhoneEvent,
  person,
  type ScenarioInput,
} from '../../src/simulator/index.ts';
import type { CallRecord } from '../../src/transcript/index.ts';
import { onTheirOwn, type Replicas, recordsIn } from '../support/replicas.ts';
import { onOneDisk, overRedis, type TwoReplicas } from '../support/two-replicas.ts';

type Turn = NonNullable<ScenarioInput['turns']>[number];

const ask = {
  say: { wav: join(import.meta.dirname, '../../fixtures/audio/jfk-8k.wav'), fromMs: 5_300, toMs: 7_300 },
  withinMs: 10_000,
};
const QUIET = { hearSilence: { ms: 700 }, withinMs: 20_000 };
const HEAR = { hear: 'agent', withinMs: 20_000 } as const;
/** Whoever was dialled has rung, heard and declined by then. */
const HEAR_AGAIN: CallScript = [{ ...HEAR, withinMs: 40_000 }, QUIET, { hangUp: true, withinMs: 1_000 }];
const SAID = ['Good morning.', 'A person, please.', 'I put you through.'];
const BACK = 'They do not answer.';
/** `sound`: of the announcement. */
const modelFor = (args: Readonly<Record<string, string>>, sound?: Turn['sound']): ScenarioInput => ({
  turns: [
    { on: 'greeting', says: SAID[0] },
    { on: 'speech', hears: SAID[1], says: SAID[2], sound, calls: [{ name: 'transfer_call', args }] },
    { on: 'toolResult' },
    { on: 'text', says: BACK },
  ],
});
const agent = `
tools:
  - kind: transferCall
    destinations:
      desk: { to: "+15550177", description: People., timeoutSeconds: 15 }
      boss: { to: "+15550178", description: Complaints., timeoutSeconds: 20, warm: true }
`;
const LONG = 90_000;

const among = (run: (replicas: Replicas) => Promise<void>) =>
  onTheirOwn(modelFor({ to: 'desk' }), run, { patient: true, agent });
const amongWith = (boss: Callee, run: (replicas: Replicas) => Promise<void>) =>
  onTheirOwn(modelFor({ to: 'boss', summary: 'Ada is cold.' }), run, {
    patient: true,
    agent,
    callees: { '+15550178': boss },
  });

/** The first process is killed as soon as it has said who is dialled. */
async function callWith(
  replicas: Replicas,
  { first, second }: TwoReplicas,
  dialled: { readonly status?: 'no-answer' | 'completed'; readonly ringsMs?: number; readonly talksMs?: number },
  script: CallScript,
) {
  let asked = (): void => undefined;
  const dialling = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const calling = replicas.call({
    script: [HEAR, QUIET, ask, HEAR, QUIET, ...script],
    habits: { dialled },
    onEvent: (event: PhoneEvent) => {
      if (event.type === 'requested' && event.url.includes('/twilio/stream-ended')) asked();
    },
  });
  await dialling;
  replicas.route(second);
  first.process.child.kill('SIGKILL');
  await first.process.exited();
  return calling;
}

const recordOf = (folder: string): Promise<CallRecord> => {
  const look = (): CallRecord => {
    const [record, ...others] = recordsIn(folder);
    if (record === undefined) throw new Error('no record yet');
    expect(others).toEqual([]);
    return record;
  };
  return vi.waitFor(look, { timeout: 15_000 });
};

/** The caller went on with the agent, in the same conversation. */
async function expectBack({ live }: Replicas, { scriptFailure, end }: CallResult, records: string): Promise<void> {
  expect([scriptFailure, end.how]).toEqual([undefined, 'callerHungUp']);
  const { outcome, lines, events } = await recordOf(records);
  expect(outcome).toEqual({ kind: 'callerGone' });
  expect(lines.map(({ text }) => text)).toEqual([...SAID, BACK]);
  expect(events.map(({ code }) => code)).toContain('TRANSFER_BACK');
  expect(live.sessions).toHaveLength(1);
}

describe.concurrent.each([
  ['on one disk', onOneDisk],
  ['over Redis', overRedis],
] as const)('%s', (_where, open) => {
  test(
    'when nobody answers, the caller is back with the agent, in another process',
    among(async (replicas) => {
      const all = await open(replicas);
      const call = await callWith(replicas, all, { status: 'no-answer', ringsMs: 8_000 }, HEAR_AGAIN);
      await expectBack(replicas, call, all.records);
      // Nobody took the caller away while it rang.
      expect(replicas.twilio.requests).toEqual([]);
    }),
    LONG,
  );

  test(
    'when somebody answers, they are not disturbed, and there is one record',
    among(async (replicas) => {
      const all = await open(replicas);
      const call = await callWith(replicas, all, { status: 'completed', ringsMs: 1_000, talksMs: 12_000 }, [
        { waitForHangUp: true, withinMs: 30_000 },
      ]);
      expect([call.scriptFailure, call.end.how]).toEqual([undefined, 'serviceHungUp']);
      const record = await recordOf(all.records);
      expect(record.outcome).toEqual({ kind: 'transferred', to: 'desk' });
      expect(record.lines.map(({ text }) => text)).toEqual(SAID);
      expect(replicas.twilio.requests).toEqual([]);
    }),
    LONG,
  );

  test(
    'whoever is called then hears of the caller, and has them',
    amongWith(person([HEAR, { press: '1' }, { wait: 4_000 }, { hangUp: true }], 6_000), async (replicas) => {
      const all = await open(replicas);
      const call = await callWith(replicas, all, {}, [{ waitForHangUp: true, withinMs: 40_000 }]);
      expect([call.scriptFailure, call.end.how]).toEqual([undefined, 'serviceHungUp']);
      expect(call.events.map(({ type }) => type)).toContain('conferenceStarted');
      const record = await recordOf(all.records);
      expect(record.outcome).toEqual({ kind: 'transferred', to: 'boss', warm: true });
      expect(record.lines.map(({ text }) => text)).toEqual(SAID);
      expect(replicas.twilio.requests).toMatchObject([{ form: { To: '+15550178' } }]);
    }),
    LONG,
  );

  test(
    'when they do not take the call, the caller is back with the agent, in another process',
    amongWith(person([HEAR, { press: '2' }, { waitForHangUp: true, withinMs: 10_000 }], 6_000), async (replicas) => {
      const all = await open(replicas);
      const call = await callWith(replicas, all, {}, HEAR_AGAIN);
      await expectBack(replicas, call, all.records);
    }),
    LONG,
  );
});

test(
  'a process that stops in the announcement has it heard to its end, and says who is dialled before it ends; it has hung up nobody',
  onTheirOwn(
    modelFor({ to: 'desk' }, { toneHz: 880, lengthMs: 6_000 }),
    async (replicas) => {
      const env = { DATA_DIR: replicas.folder() };
      const first = await replicas.start(env);
      const calling = replicas.call({
        script: [HEAR, QUIET, ask, { waitForHangUp: true, withinMs: 60_000 }],
        habits: { dialled: { status: 'completed', ringsMs: 6_000, talksMs: 4_000 } },
        // Nobody balances: it is asked though it is not ready for new calls.
        network: replicas.straightTo(first),
      });
      const isAnnounced = () => expect(replicas.live.sessions[0]?.eventsOf('toolAnswered')).toHaveLength(1);
      await vi.waitFor(isAnnounced, { timeout: 30_000 });
      first.process.child.kill('SIGTERM');
      expect(await first.process.exited()).toBe(0);
      await replicas.start(env, first.origin);
      const { scriptFailure, end } = await calling;
      expect([scriptFailure, end.how]).toEqual([undefined, 'serviceHungUp']);
      const { outcome, lines } = await recordOf(env.DATA_DIR);
      expect(outcome).toEqual({ kind: 'transferred', to: 'desk' });
      expect(lines.at(-1)).toMatchObject({ text: SAID[2], cut: false });
    },
    { patient: true, agent },
  ),
  LONG,
);
