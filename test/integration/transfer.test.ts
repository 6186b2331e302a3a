/** An agent that puts its caller through: what is heard before, who is dialled, and who comes back when nobody answers. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { callScript, type FixtureCall, loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { givenHttpService, json } from '../support/http-service.ts';
import { type Replay, replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const say = question.phone.script.find((step) => step.say !== undefined)!;
const quiet = (ms: number) => ({ hearSilence: { ms }, withinMs: 60_000 });

const files = {
  'agents/reception.yaml': `
default: true
instruction: Be kind.
greeting: Greet the caller.
patience: false
idle: false
tools:
  - kind: endCall
  - kind: transferCall
    destinations:
      desk: { to: "+15550177", description: People., timeoutSeconds: 15, callerId: "+15550188" }
      kitchen: { to: "sip:kitchen@example.com", description: Orders. }
      manager: { to: "sip:manager@pbx.example", description: Complaints., refer: true }
`,
};

type Turn = NonNullable<ScenarioInput['turns']>[number];
type Habits = FixtureCall['phone']['habits'];
type Dialled = Partial<Habits['dialled']>;
const GREETING: Turn = { on: 'greeting', says: 'Good evening.', sound: { toneHz: 440, lengthMs: 1_000 } };
const ANNOUNCEMENT = 'I put you through.';
const asks = (to: string): Turn => ({
  on: 'speech',
  hears: 'Somebody else, please.',
  says: ANNOUNCEMENT,
  sound: { toneHz: 880, lengthMs: 4_000 },
  calls: [{ name: 'transfer_call', args: { to } }],
});
const SILENT: Turn = { on: 'toolResult' };

/** `referred`: of a caller who comes by SIP. */
function callWith(
  turns: readonly Turn[],
  dialled: Dialled,
  steps: readonly unknown[],
  referred?: Partial<Habits['referred']>,
): Promise<Replay> {
  const script = callScript.parse([{ hear: 'agent' }, quiet(600), say, ...steps]);
  const habits: Habits = {
    ...question.phone.habits,
    dialled: { ...question.phone.habits.dialled, ...dialled },
    referred: { ...question.phone.habits.referred, ...referred },
  };
  const bySip = { from: 'sip:ada@pbx.example', to: 'sip:reception@callbridge.example' };
  const fixture = { ...question, phone: { ...question.phone, ...(referred && bySip), script, habits } };
  return replay(fixture, { files, model: { turns: [GREETING, ...turns] } });
}

const dialVerbs = ({ result }: Replay) =>
  result.twiml.flatMap(({ verbs }) => verbs.filter(({ verb }) => verb === 'dial'));
const spokenOf = ({ record }: Replay) => record.lines.map(({ text, cut }) => `${text}${cut ? ' (cut)' : ''}`);
const codesOf = ({ record }: Replay) => record.events.map(({ code }) => code);
/** What Twilio asks about when the caller has hung up: it may be nothing. */
const WHEN_GONE = ['no-answer', 'canceled', 'unasked'] as const;
const waitForHangUp = { waitForHangUp: true, withinMs: 90_000 };

describe('somebody who answers', () => {
  test('gets the caller when the announcement was heard to its end, and the call is over when they hang up', async () => {
    const call = await callWith([asks('desk'), SILENT], { status: 'completed', ringsMs: 3_000, talksMs: 20_000 }, [
      waitForHangUp,
    ]);
    expect(call.record.outcome).toEqual({ kind: 'transferred', to: 'desk' });
    expect(call.result.end).toEqual({ how: 'serviceHungUp' });
    expect(spokenOf(call)).toEqual(['Good evening.', 'Somebody else, please.', ANNOUNCEMENT]);
    expect(dialVerbs(call)).toEqual([
      {
        verb: 'dial',
        to: '+15550177',
        ringsMs: 15_000,
        action: expect.stringContaining('https://callbridge.example/twilio/put-through-ended#'),
        statusCallback: expect.stringContaining('https://callbridge.example/twilio/put-through-answered?call=CA'),
        statusEvents: ['answered'],
      },
    ]);
    expect(call.record.sound?.agent.measuredMs).toBeGreaterThan(4_000);
    expect(JSON.stringify(call.record)).not.toContain('+15550177');
    expect(call.leftArmed).toBe(0);
    expect(call.leftJournals).toEqual([]);
  });

  test.each(WHEN_GONE)('has them also when the caller hangs up first (%s)', async (whenGone) => {
    const call = await callWith([asks('kitchen'), SILENT], { status: 'completed', talksMs: 60_000, whenGone }, [
      { hear: 'agent' },
      quiet(15_000),
      { hangUp: true, withinMs: 60_000 },
    ]);
    expect(call.record.outcome).toEqual({ kind: 'transferred', to: 'kitchen' });
    expect(dialVerbs(call)).toMatchObject([{ to: 'sip:kitchen@example.com', ringsMs: 20_000 }]);
  });
});

test.each(WHEN_GONE)('a caller who hangs up while it rings was put through to nobody (%s)', async (whenGone) => {
  const call = await callWith([asks('desk'), SILENT], { status: 'completed', ringsMs: 14_000, whenGone }, [
    { hear: 'agent' },
    quiet(5_000),
    { hangUp: true, withinMs: 60_000 },
  ]);
  expect([call.record.outcome, dialVerbs(call).length]).toEqual([{ kind: 'callerGone' }, 1]);
  expect(spokenOf(call)).toEqual(['Good evening.', 'Somebody else, please.', ANNOUNCEMENT]);
  expect(await call.metrics.text()).toMatch(/callbridge_calls_total\{[^}]*outcome="callerGone"[^}]*\} 1\n/);
  expect(await call.metrics.text()).toContain('callbridge_transfers_total{result="gone"} 1');
  expect(call.leftArmed).toBe(0);
  expect(call.leftJournals).toEqual([]);
});

describe('a caller whom nobody answers', () => {
  const back: Turn = { on: 'text', says: 'They are busy. May I help?', sound: { toneHz: 660, lengthMs: 1_000 } };

  test('is back with the agent, who knows why', async () => {
    const call = await callWith([asks('desk'), SILENT, back], { status: 'no-answer', ringsMs: 3_000 }, [
      { hear: 'agent' },
      quiet(1_000),
      { hear: 'agent' },
      quiet(1_000),
      { hangUp: true, withinMs: 60_000 },
    ]);
    expect(call.record.outcome).toEqual({ kind: 'callerGone' });
    expect(spokenOf(call)).toEqual(['Good evening.', 'Somebody else, please.', ANNOUNCEMENT, back.says]);
    expect(codesOf(call)).toEqual(['TRANSFER_BACK', 'LIVE_BACK']);
    expect(call.result.streams).toHaveLength(2);
    // It is the same session, which was greeted once.
    expect(call.live.sessions).toHaveLength(1);
    const texts = call.live.sessions[0]!.eventsOf('textReceived').map(({ text }) => text);
    expect(texts).toEqual([
      expect.stringMatching(/picked up/),
      expect.stringMatching(/put through to desk: nobody answered/),
    ]);
    expect(call.leftArmed).toBe(0);
    expect(call.leftJournals).toEqual([]);
  });

  test('is back with the agent, though its session was lost during the announcement', async () => {
    const fault = { kind: 'close', code: 1011, reason: 'Internal error encountered.', afterMs: 2_000 } as const;
    const call = await callWith([{ ...asks('desk'), fault }, SILENT, back], { status: 'busy' }, [
      { hear: 'agent' },
      quiet(1_000),
      { hear: 'agent' },
      quiet(1_000),
      { hangUp: true, withinMs: 60_000 },
    ]);
    expect([call.record.outcome, call.result.scriptFailure]).toEqual([{ kind: 'callerGone' }, undefined]);
    expect(spokenOf(call)).toEqual(['Good evening.', 'Somebody else, please.', ANNOUNCEMENT, back.says]);
    expect(call.live.sessions[0]!.eventsOf('closed')[0]).toMatchObject({ code: fault.code });
    expect(call.leftArmed).toBe(0);
  });

  test('can be put through again', async () => {
    // Calls of this kind have ids of their own where chance is not real.
    const calls = [{ name: 'transfer_call', args: { to: 'kitchen' }, behavior: 'BLOCKING' as const }];
    const call = await callWith(
      [asks('desk'), SILENT, back, { ...asks('kitchen'), calls }, SILENT],
      { status: 'busy' },
      [
        { hear: 'agent' },
        quiet(1_000),
        { hear: 'agent' },
        quiet(600),
        say,
        { hear: 'agent' },
        quiet(20_000),
        { hangUp: true, withinMs: 60_000 },
      ],
    );
    expect(dialVerbs(call)).toMatchObject([{ to: '+15550177' }, { to: 'sip:kitchen@example.com' }]);
    expect(codesOf(call)).toEqual(['TRANSFER_BACK', 'LIVE_BACK', 'TRANSFER_BACK', 'LIVE_BACK']);
    expect(call.live.sessions).toHaveLength(1);
  });
});

describe('a caller by SIP, whose own telephone system is to dial', () => {
  const twimlOf = ({ result }: Replay) => result.twiml.flatMap(({ verbs }) => verbs.map(({ verb }) => verb));

  test('is gone when it has', async () => {
    const call = await callWith([asks('manager'), SILENT], {}, [waitForHangUp], { notifies: 200, ringsMs: 3_000 });
    expect(call.record.outcome).toEqual({ kind: 'transferred', to: 'manager' });
    expect(call.result.end).toEqual({ how: 'serviceHungUp' });
    expect(call.result.events).toContainEqual(
      expect.objectContaining({ type: 'referred', to: 'sip:manager@pbx.example', code: 202 }),
    );
    expect(twimlOf(call)).toEqual(['connect', 'redirect', 'refer', 'hangup']);
    expect(call.leftArmed).toBe(0);
    expect(call.leftJournals).toEqual([]);
  });

  test.each([
    ['does not do that', { code: 405 }, /put through to manager: they cannot be reached/],
    ['finds a busy line', { notifies: 486, ringsMs: 2_000 }, /put through to manager: the line is busy/],
  ])('is back with the agent when it %s', async (_, referred, told) => {
    const back: Turn = { on: 'text', says: 'Not now. May I help?', sound: { toneHz: 660, lengthMs: 1_000 } };
    const steps = [
      { hear: 'agent' },
      quiet(1_000),
      { hear: 'agent' },
      quiet(1_000),
      { hangUp: true, withinMs: 60_000 },
    ];
    const call = await callWith([asks('manager'), SILENT, back], {}, steps, referred);
    expect(call.record.outcome).toEqual({ kind: 'callerGone' });
    expect(codesOf(call)).toEqual(['TRANSFER_BACK', 'LIVE_BACK']);
    expect(call.live.sessions).toHaveLength(1);
    const texts = call.live.sessions[0]!.eventsOf('textReceived').map(({ text }) => text);
    expect(texts.at(-1)).toMatch(told);
  });

  test('is dialled for by Twilio when they came from a telephone', async () => {
    const call = await callWith([asks('manager'), SILENT], { status: 'completed', talksMs: 5_000 }, [waitForHangUp]);
    expect(dialVerbs(call)).toMatchObject([{ to: 'sip:manager@pbx.example' }]);
    expect(call.record.outcome).toEqual({ kind: 'transferred', to: 'manager' });
  });
});

test('a caller who hangs up during the announcement is put through to nobody', async () => {
  const call = await callWith([asks('desk'), SILENT], { status: 'completed' }, [
    { hear: 'agent' },
    { wait: 1_000 },
    { hangUp: true, withinMs: 60_000 },
  ]);
  expect(call.record.outcome).toEqual({ kind: 'callerGone' });
  expect(spokenOf(call).at(-1)).toBe(`${ANNOUNCEMENT} (cut)`);
  expect(dialVerbs(call)).toEqual([]);
  expect(call.leftArmed).toBe(0);
});

test('a caller who speaks during the announcement stays', async () => {
  const more: Turn = { on: 'speech', hears: 'No, wait.', says: 'Yes?', sound: { toneHz: 660, lengthMs: 800 } };
  const call = await callWith([asks('desk'), SILENT, more], {}, [
    { hear: 'agent' },
    { wait: 1_000 },
    say,
    { hear: 'agent' },
    quiet(2_000),
    { hangUp: true, withinMs: 60_000 },
  ]);
  expect(call.record.outcome).toEqual({ kind: 'callerGone' });
  expect(spokenOf(call).slice(2)).toEqual([`${ANNOUNCEMENT} (cut)`, 'No, wait.', 'Yes?']);
  expect(dialVerbs(call)).toEqual([]);
});

test.each([
  [
    'is put through',
    'when that is known, and when what the agent says of it was heard',
    { name: 'transfer_call', args: { to: 'desk' } },
  ],
  ['is told goodbye', 'and the result is in the record', { name: 'end_call' }],
])('a caller whose table is being booked %s %s', async (_what, _when, leaving) => {
  const isTransfer = leaving.name === 'transfer_call';
  let book: () => void = () => undefined;
  const service = await givenHttpService((_asked, response) => {
    book = () => json(response, { table: 7 });
  });
  const http = `
  - kind: http
    name: book_table
    description: Books a table.
    method: POST
    url: http://127.0.0.1:${service.port}/bookings
    deadlineMs: 50000
toolHosts: [{ host: "127.0.0.1:${service.port}", private: true }]
`;
  const booked: Turn = { on: 'toolResult', says: 'It is booked.', sound: { toneHz: 660, lengthMs: 1_000 } };
  const { phone } = question;
  const script = callScript.parse([{ hear: 'agent' }, quiet(600), say, waitForHangUp]);
  const dialled = { ...phone.habits.dialled, status: 'completed' as const, talksMs: 5_000 };
  const call = await replay(
    { ...question, phone: { ...phone, script, habits: { ...phone.habits, dialled } } },
    {
      files: { 'agents/reception.yaml': files['agents/reception.yaml'] + http },
      model: { turns: [GREETING, { ...asks('desk'), calls: [{ name: 'book_table' }, leaving] }, SILENT, booked] },
      watch: (entry) => {
        const isHeard = entry.type === 'line' && entry.line.text === ANNOUNCEMENT;
        if (isTransfer ? isHeard : entry.type === 'ended') book();
      },
    },
  );
  expect(call.record.toolCalls).toMatchObject([
    { name: 'book_table', answer: { status: 'ok', data: { table: 7 } } },
    { name: leaving.name, answer: { status: 'ok' } },
  ]);
  expect(spokenOf(call).slice(2)).toEqual(isTransfer ? [ANNOUNCEMENT, booked.says] : [ANNOUNCEMENT]);
  expect(dialVerbs(call)).toHaveLength(isTransfer ? 1 : 0);
  expect(call.record.outcome).toMatchObject(
    isTransfer ? { kind: 'transferred', to: 'desk' } : { kind: 'completed', by: 'agent' },
  );
  expect(call.leftArmed).toBe(0);
});

describe('an agent that changes its mind before its last words are heard', () => {
  // Calls of this kind have ids of their own where chance is not real.
  const desk = { name: 'transfer_call', args: { to: 'desk' }, behavior: 'BLOCKING' as const };
  const end = { name: 'end_call', behavior: 'BLOCKING' as const };
  const lastWords = (call: typeof desk | typeof end): Turn => ({ ...asks('desk'), calls: [call] });

  test('and transfers the call that it was about to end, has its caller put through', async () => {
    const call = await callWith(
      [lastWords(end), { on: 'toolResult', calls: [desk] }, SILENT],
      { status: 'completed', talksMs: 5_000 },
      [waitForHangUp],
    );
    expect(call.record.outcome).toEqual({ kind: 'transferred', to: 'desk' });
    expect(dialVerbs(call)).toMatchObject([{ to: '+15550177' }]);
    expect(spokenOf(call).slice(2)).toEqual([ANNOUNCEMENT]);
    expect(call.record.toolCalls).toMatchObject([{ answer: { status: 'ok' } }, { answer: { status: 'ok' } }]);
  });

  test('and ends the call that it was about to transfer, ends it', async () => {
    const call = await callWith([lastWords(desk), { on: 'toolResult', calls: [end] }, SILENT], {}, [waitForHangUp]);
    expect(call.record.outcome).toEqual({ kind: 'completed', by: 'agent' });
    expect(dialVerbs(call)).toEqual([]);
    expect(call.record.toolCalls).toMatchObject([{ answer: { status: 'ok' } }, { answer: { status: 'ok' } }]);
  });
});

test('a destination that the file does not name is not dialled, and the model is told which there are', async () => {
  const call = await callWith([asks('boss'), SILENT], {}, [
    { hear: 'agent' },
    quiet(2_000),
    { hangUp: true, withinMs: 60_000 },
  ]);
  expect(call.record.toolCalls).toMatchObject([
    { answer: { status: 'invalid_argument', message: expect.stringContaining('desk, kitchen') } },
  ]);
  expect(dialVerbs(call)).toEqual([]);
});
