/** What the caller hears, and what the record says, when the Live session breaks: the conversation goes on, or says goodbye. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readWav } from '../../src/audio/index.ts';
import { type FixtureCall, loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { replay } from '../support/replay.ts';

const ROOT = join(import.meta.dirname, '../..');
const question = loadFixture(join(ROOT, 'fixtures/calls/question'));
const bundled = (name: string) => readWav(readFileSync(join(ROOT, `sounds/${name}.wav`))).samples;
const apology = bundled('apology');
const oneMoment = bundled('one-moment');

/** The caller of `question` before a model with these faults. */
const withFaults = (faults: ScenarioInput['faults']): ScenarioInput => ({ ...question.model, faults });
/** A caller who only waits for the call to end. */
const patient: FixtureCall = {
  ...question,
  phone: {
    ...question.phone,
    script: [{ waitForHangUp: true, withinMs: 60_000 } as FixtureCall['phone']['script'][number]],
  },
};

/** How alike two pieces of sound are, from 0 to 1: the best normalised correlation at any place. */
function heardIn(haystack: Int16Array, needle: Int16Array): number {
  // Every eighth sample of one second out of the middle is enough to know a recording by.
  const places = Array.from({ length: 1_000 }, (_, i) => i * 8);
  const fromSamples = Math.floor((needle.length - 8_000) / 2);
  const part = places.map((place) => needle[fromSamples + place]!);
  const energy = part.reduce((sum, sample) => sum + sample * sample, 0);
  let best = 0;
  for (let at = 0; at + 8_000 <= haystack.length; at++) {
    let dot = 0;
    let power = 0;
    for (let i = 0; i < places.length; i++) {
      const sample = haystack[at + places[i]!]!;
      dot += part[i]! * sample;
      power += sample * sample;
    }
    if (power > 0) best = Math.max(best, dot / Math.sqrt(power * energy));
  }
  return best;
}

test('a session that drops in mid-call is resumed: the caller is answered, and not greeted again', async () => {
  const { record, result, live, metrics } = await replay(question, {
    model: withFaults([{ kind: 'drop', atMs: 7_000 }]),
  });
  expect(result.scriptFailure).toBeUndefined();
  expect(record.outcome.kind).toBe('callerGone');
  expect(record.lines.map(({ speaker }) => speaker)).toEqual(['agent', 'caller', 'agent']);
  expect(record.events.map(({ code }) => code)).toEqual(['LIVE_LOST', 'LIVE_BACK']);
  expect(record.events[1]?.detail).toBe('resumed');
  const texts = live.sessions.flatMap(({ events }) => events.filter(({ type }) => type === 'textReceived'));
  expect(texts).toHaveLength(1);
  expect(await metrics.text()).toMatch(/callbridge_live_resumes_total\{how="resumed"\} 1/);
  // Held while there was no session, and then sent.
  expect(record.sound?.caller.heldMs).toBeGreaterThan(500);
  expect(record.sound?.caller.droppedMs).toBe(0);
});

test('a session whose handle is dead goes on afresh, told what was said so far', async () => {
  const { record, live } = await replay(question, {
    model: {
      ...withFaults([{ kind: 'forgottenHandles' }]),
      turns: question.model.turns.map((turn) => (turn.on === 'greeting' ? { ...turn, fault: { kind: 'drop' } } : turn)),
    },
  });
  expect(record.events.at(-1)).toMatchObject({ code: 'LIVE_BACK', detail: 'reseeded' });
  expect(live.sessions).toHaveLength(2);
  expect(JSON.stringify(live.sessions[1])).toContain('Good morning, this is Callbridge');
});

test.each([500, 600, 800])(
  'a session that drops %i ms after setup, before the first word, greets all the same, once',
  async (atMs) => {
    const { record, result } = await replay(question, { model: withFaults([{ kind: 'drop', atMs }]) });
    expect(result.scriptFailure).toBeUndefined();
    expect(record.lines.map(({ text }) => text)).toEqual([
      'Good morning, this is Callbridge. How can I help you?',
      expect.stringMatching(/^what your country/),
      expect.stringMatching(/^That was/),
    ]);
  },
);

test('a session that drops in the middle of the greeting does not greet again, and finishes its sentence', async () => {
  // A caller who waits for the end of it: whoever begins to speak meanwhile has the turn.
  const script = question.phone.script.map((step) =>
    step.hearSilence?.ms === 600 ? { ...step, hearSilence: { ms: 4_000 } } : step,
  );
  const waiting = { ...question, phone: { ...question.phone, script } };
  const { live, record } = await replay(waiting, { model: withFaults([{ kind: 'drop', atMs: 1_200 }]) });
  const texts = live.sessions.flatMap((session) => session.eventsOf('textReceived')).map(({ text }) => text);
  expect(texts).toEqual([
    expect.stringMatching(/has just picked up/),
    expect.stringMatching(/Go on with your sentence/),
  ]);
  const said = record.lines.filter(({ speaker }) => speaker === 'agent').map(({ text }) => text);
  expect(said.slice(0, 2).join(' ')).toBe('Good morning, this is Callbridge. How can I help you?');
});

test('a session that drops before it answers is asked for the answer as soon as it is back', async () => {
  const turns = question.model.turns.map((turn) => (turn.on === 'speech' ? { ...turn, delayMs: 6_000 } : turn));
  const { record, live } = await replay(question, {
    model: { ...question.model, turns, faults: [{ kind: 'drop', atMs: 13_500 }] },
  });
  // The caller had waited for three seconds when it dropped.
  expect(record.events.map(({ code }) => code)).toEqual(['LIVE_LOST', 'ONE_MOMENT', 'LIVE_BACK']);
  const texts = live.sessions.flatMap((session) => session.eventsOf('textReceived')).map(({ text }) => text);
  expect(texts).toEqual([
    expect.stringContaining('picked up'),
    expect.stringContaining('Answer what the caller said last'),
  ]);
});

test('a caller whose question waits while resuming is refused again and again is asked for a moment, and answered', async () => {
  const [, kennedy] = question.model.turns;
  const say = question.phone.script.find((step) => step.say !== undefined)!;
  const script = [
    { wait: 1_000, withinMs: 0 },
    say,
    { hear: 'agent', withinMs: 20_000 },
    // The agent's answer is still to come.
    { hearSilence: { ms: 9_000 }, withinMs: 40_000 },
    { hangUp: true, withinMs: 0 },
  ] as FixtureCall['phone']['script'];
  const played = await replay(
    { ...question, phone: { ...question.phone, script } },
    {
      files: { 'agents/desk.yaml': 'answers: ["+15550199"]\ninstruction: Be brief.\n' },
      model: {
        turns: [
          { ...kennedy!, delayMs: 60_000 },
          { ...kennedy!, on: 'text', hears: undefined },
        ],
        faults: [
          { kind: 'close', atMs: 9_000, code: 1011, reason: 'Internal error encountered.', times: 1 },
          { kind: 'httpStatus', status: 503, fromConnection: 2, times: 3 },
        ],
      },
    },
  );
  const { record, result, live } = played;
  expect(result.scriptFailure).toBeUndefined();
  expect(record.outcome.kind).toBe('callerGone');
  expect(record.events.map(({ code }) => code)).toEqual(['LIVE_INTERNAL', 'ONE_MOMENT', 'LIVE_BACK']);
  expect(record.lines).toMatchObject([
    { speaker: 'caller' },
    { speaker: 'agent', text: 'One moment, please.', cut: false },
    { speaker: 'agent', text: expect.stringMatching(/^That was John F. Kennedy/), cut: false },
  ]);
  const [caller, moment, answer] = record.lines;
  expect(moment!.startMs - caller!.endMs).toBeGreaterThanOrEqual(3_900);
  expect(moment!.startMs - caller!.endMs).toBeLessThan(4_800);
  expect(answer!.startMs).toBeGreaterThan(moment!.endMs);
  expect(heardIn(result.heard, oneMoment)).toBeGreaterThan(0.9);
  // The session that answers knows that it was said.
  expect(JSON.stringify(live.sessions.at(-1))).toContain('One moment, please.');
  expect(await played.metrics.text()).toContain('callbridge_one_moments_total 1');
});

test('with our own gate taking the turns, a session that drops while the caller speaks hears the speech as one turn', async () => {
  const { record, live } = await replay(question, {
    model: withFaults([{ kind: 'drop', atMs: 7_000 }]),
    turnTaking: { detection: 'local', silenceMs: 1_000 },
  });
  expect(record.events.map(({ code }) => code)).toEqual(['LIVE_LOST', 'LIVE_BACK']);
  expect(record.lines.map(({ speaker }) => speaker)).toEqual(['agent', 'caller', 'agent']);
  expect(live.refusals).toEqual([]);
});

test('a session that announces its end is resumed before it comes', async () => {
  const { record, result } = await replay(question, {
    model: withFaults([{ kind: 'goAway', atMs: 5_500, timeLeftMs: 10_000 }]),
  });
  expect(result.scriptFailure).toBeUndefined();
  expect(record.lines).toHaveLength(3);
  expect(record.events.map(({ code, detail }) => [code, detail])).toEqual([['LIVE_BACK', 'resumed']]);
});

test('what a session leaves unsaid when it goes is not mixed up with what the next one says', async () => {
  const turns = question.model.turns.map((turn): (typeof question.model.turns)[number] =>
    turn.on === 'greeting'
      ? { ...turn, delivery: { speed: 1 }, fault: { kind: 'goAway', afterMs: 1_500, timeLeftMs: 50_000, code: 1011 } }
      : turn,
  );
  const { record } = await replay(question, { model: { ...question.model, turns } });
  expect(record.lines.map(({ speaker }) => speaker)).toEqual(['agent', 'caller', 'agent']);
  expect(record.lines[0]?.text).toMatch(/^Good morning/);
  expect(record.lines[0]?.text).not.toMatch(/Kennedy/);
  expect(record.lines[2]?.text).toMatch(/^That was John F\. Kennedy/);
});

test.each<[string, ScenarioInput['faults'], string]>([
  ['is over its quota', [{ kind: 'quota', sessions: 0 }], 'LIVE_QUOTA'],
  ['never answers setup', [{ kind: 'silentSetup' }], 'LIVE_SETUP_TIMEOUT'],
  [
    'denies access in mid-call',
    [
      {
        kind: 'close',
        atMs: 3_000,
        code: 1008,
        reason: 'Your project has been denied access. Please contact support.',
      },
    ],
    'LIVE_ACCESS_DENIED',
  ],
])(
  'a service that %s leaves the caller with a spoken apology, and the call ends by TwiML',
  async (_what, faults, code) => {
    const { record, result } = await replay(patient, { model: withFaults(faults) });
    expect(record.outcome).toMatchObject({ kind: 'failed', code });
    expect(heardIn(result.heard, apology)).toBeGreaterThan(0.9);
    expect(record.lines.at(-1)).toMatchObject({
      speaker: 'agent',
      cut: false,
      text: expect.stringMatching(/^I am sorry/),
    });
    expect(result.end).toMatchObject({ how: 'serviceHungUp' });
    expect(result.twiml.at(-1)?.url).toMatch(/\/twilio\/stream-ended(#.*)?$/);
    // Once through the stream is enough: the TwiML only hangs up.
    expect(result.twiml.at(-1)?.verbs.map(({ verb }) => verb)).toEqual(['hangup']);
  },
);
