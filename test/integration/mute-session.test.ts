/** What the caller hears, and what the record says, when the session is connected and the agent says nothing; and when it need not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readWav } from '../../src/audio/index.ts';
import { type FixtureCall, loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { type Replay, replay } from '../support/replay.ts';

const ROOT = join(import.meta.dirname, '../..');
const question = loadFixture(join(ROOT, 'fixtures/calls/question'));
const apology = readWav(readFileSync(join(ROOT, 'sounds/apology.wav'))).samples;
type Turn = NonNullable<ScenarioInput['turns']>[number];

const GREETING = 'Good morning, this is Callbridge. How can I help you?';
const ANSWER = /^That was John F\. Kennedy/;
const [greeting, answer] = question.model.turns as [Turn, Turn];
/** What the model says when it is nudged. */
const nudged: Turn = { ...answer, on: 'text', hears: undefined };

/** The model of `question`, which answers the caller in this way first, and properly when it is nudged. */
const answeringWith = (change: Partial<Turn>): ScenarioInput => ({
  ...question.model,
  turns: [greeting, { ...answer, ...change }, nudged],
});

const waitsForAnswer = (withinMs: number): FixtureCall['phone']['script'] =>
  question.phone.script.map((step, index) => (index === 3 ? { ...step, withinMs } : step));

const mutes = ({ record }: Replay): string[] =>
  record.events.filter(({ code }) => code === 'LIVE_MUTE').map(({ detail }) => detail);
const textsOf = ({ live }: Replay): string[] =>
  live.sessions.flatMap((session) => session.eventsOf('textReceived').map(({ text }) => text));
const greetings = (played: Replay): number => textsOf(played).filter((text) => text.includes('picked up')).length;
const heardLines = ({ record }: Replay): string[] =>
  record.lines.filter(({ heardText }) => heardText !== '').map(({ text }) => text);

function expectAnswered(played: Replay, lines: readonly unknown[]): void {
  expect(played.result.scriptFailure).toBeUndefined();
  expect(played.record.outcome.kind).toBe('callerGone');
  expect(greetings(played)).toBe(1);
  expect(heardLines(played)).toEqual(lines);
  expect(played.leftArmed).toBe(0);
}

const LINES = [GREETING, expect.stringMatching(/^what your country/), expect.stringMatching(ANSWER)];

describe('an agent is nudged, and the caller answered,', () => {
  test.each<[string, Partial<Turn>, string, number]>([
    ['when it does not answer', { says: undefined, sound: undefined }, 'noAnswer', 6_000],
    ['when its turn comes empty', { fault: { kind: 'emptyTurn', reason: 'RESPONSE_REJECTED' } }, 'emptyTurn', 4_500],
    ['when its voice has no amplitude', { fault: { kind: 'nearSilentAudio' } }, 'nearSilent', 5_000],
  ])('%s', async (_how, change, why, withinMs) => {
    const played = await replay(
      { ...question, phone: { ...question.phone, script: waitsForAnswer(withinMs) } },
      { model: answeringWith(change) },
    );
    expect(mutes(played)).toEqual([`nudge: ${why}`]);
    expectAnswered(played, LINES);
    expect(await played.metrics.text()).toContain(`callbridge_agent_mute_total{why="${why}",rung="nudge"} 1`);
  });

  test('when all that comes is a tone, which then stops', async () => {
    const played = await replay(question, {
      model: answeringWith({ delivery: { speed: 2 }, fault: { kind: 'steadyTone' } }),
    });
    expect(mutes(played)).toEqual(['nudge: steadyTone']);
    expectAnswered(played, LINES);
    expect(played.result.events).toContainEqual(expect.objectContaining({ type: 'cleared' }));
  });

  test('when it breaks off in mid-sentence', async () => {
    const patient = question.phone.script.map((step, index) =>
      index === 4 ? { ...step, hearSilence: { ms: 6_000 } } : step,
    );
    const played = await replay(
      { ...question, phone: { ...question.phone, script: patient } },
      { model: answeringWith({ fault: { kind: 'breaksOff', afterMs: 300 } }) },
    );
    expect(mutes(played)).toEqual(['nudge: stalled']);
    expectAnswered(played, [LINES[0], LINES[1], 'That was John F.', expect.stringMatching(ANSWER)]);
  });

  test('when it believes in an interruption that nobody made', async () => {
    const patient = question.phone.script.map((step, index) =>
      index === 4 ? { ...step, hearSilence: { ms: 8_000 } } : step,
    );
    const played = await replay(
      { ...question, phone: { ...question.phone, script: patient } },
      { model: answeringWith({ delivery: { speed: 1 }, fault: { kind: 'phantomInterrupted', afterMs: 1_500 } }) },
    );
    expect(mutes(played)).toEqual(['nudge: interrupted']);
    expect(greetings(played)).toBe(1);
    expect(played.record.lines.at(-1)).toMatchObject({
      speaker: 'agent',
      cut: false,
      text: expect.stringMatching(ANSWER),
    });
  });

  test('when it does not greet: it is told to greet once more, and greets once', async () => {
    const played = await replay(question, {
      model: { ...question.model, turns: [{ on: 'greeting', fault: { kind: 'emptyTurn' } }, greeting, answer] },
    });
    expect(mutes(played)).toEqual(['nudge: emptyTurn']);
    expect(greetings(played)).toBe(2);
    expect(heardLines(played)).toEqual(LINES);
  });
});

test('a session that freezes is resumed, and answers the caller', async () => {
  const played = await replay(
    { ...question, phone: { ...question.phone, script: waitsForAnswer(15_000) } },
    { model: { ...question.model, turns: [greeting, nudged], faults: [{ kind: 'stall', atMs: 6_500 }] } },
  );
  expect(mutes(played).map((detail) => detail.split(':')[0])).toEqual(['nudge', 'resume']);
  expect(greetings(played)).toBe(1);
  expect(played.record.lines.at(-1)).toMatchObject({
    speaker: 'agent',
    text: expect.stringMatching(/^(That was|I am sorry, could you)/),
  });
  expect(played.record.outcome.kind).toBe('callerGone');
});

test('a model that never says a word is tried on every rung, and then the caller, who was asked for a moment meanwhile, hears the apology', async () => {
  const patient: FixtureCall = {
    ...question,
    phone: {
      ...question.phone,
      script: [{ waitForHangUp: true, withinMs: 60_000 } as FixtureCall['phone']['script'][number]],
    },
  };
  const played = await replay(patient, { model: { turns: [], fallbackTurn: {} } });
  expect(mutes(played).map((detail) => detail.split(':')[0])).toEqual(['nudge', 'resume', 'afresh', 'goodbye']);
  expect(played.record.outcome).toMatchObject({ kind: 'failed', code: 'LIVE_MUTE' });
  expect(played.record.lines).toMatchObject([
    { speaker: 'agent', cut: false, text: 'One moment, please.' },
    { speaker: 'agent', cut: false, text: expect.stringMatching(/^I am sorry/) },
  ]);
  expect(played.result.heard.length).toBeGreaterThan(apology.length);
  // Four seconds for each, the sessions' setups, and the apology itself.
  expect(played.record.durationMs).toBeLessThan(4 * 4_500 + 1_000 + apology.length / 8);
});

describe('an agent is left alone', () => {
  const script = (steps: readonly unknown[]): FixtureCall => ({
    ...question,
    phone: { ...question.phone, script: steps as FixtureCall['phone']['script'] },
  });
  const hear = { hear: 'agent', withinMs: 20_000 };

  test('while the caller thinks for half a minute', async () => {
    const played = await replay(script([hear, { wait: 30_000, withinMs: 0 }, { hangUp: true, withinMs: 0 }]), {
      idle: undefined,
    });
    expect(mutes(played)).toEqual([]);
    expect(textsOf(played)).toHaveLength(1);
  });

  test('when a click on the line means nothing', async () => {
    const played = await replay(
      script([
        hear,
        { hearSilence: { ms: 600 }, withinMs: 20_000 },
        { say: { toneHz: 440, lengthMs: 150 }, withinMs: 20_000 },
        { wait: 20_000, withinMs: 0 },
        { hangUp: true, withinMs: 0 },
      ]),
    );
    expect(mutes(played)).toEqual([]);
  });

  test('when it never closes its turns', async () => {
    const played = await replay(question, {
      model: {
        ...question.model,
        turns: question.model.turns.map((turn) => ({ ...turn, fault: { kind: 'missingTurnComplete' } })),
      },
    });
    expect(mutes(played)).toEqual([]);
    expectAnswered(played, LINES);
  });
});

test('a caller who asked while there was no stream, and waits, is spoken to', async () => {
  const model: ScenarioInput = { ...question.model, turns: [greeting, nudged] };
  const unheard: FixtureCall = {
    ...question,
    phone: {
      ...question.phone,
      // The question, 5.3 s from about 5 s on, falls into the gap.
      faults: [{ fault: 'cut', atMs: 4_700 }],
      habits: {
        ...question.phone.habits,
        brokenStream: { leadsTo: 'secondStream', afterMs: 7_000, silenceLimitMs: 60_000 },
      },
      script: waitsForAnswer(15_000),
    },
  };
  const played = await replay(unheard, { model });
  expect(played.result.scriptFailure).toBeUndefined();
  expect(mutes(played)).toEqual(['nudge: noFrame']);
  expect(greetings(played)).toBe(1);
});
