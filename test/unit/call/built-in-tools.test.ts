/** The tools that come with the service, in whole calls: what else happens to the call while one of them works, or before it can. */
import { afterEach, describe, expect, test } from 'vitest';
import type { ScenarioInput } from '../../../src/simulator/index.ts';
import { Toolbox } from '../../../src/tools/index.ts';
import type { Entry } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type OneCall, type OneCallOptions, placeOneCall } from '../../support/one-call.ts';
import { config } from '../../support/registry.ts';

type Spec = Parameters<Toolbox['open']>[0];
type Turn = NonNullable<ScenarioInput['turns']>[number];
type Faults = NonNullable<ScenarioInput['faults']>;

const SEND_DIGITS: Spec = { kind: 'sendDigits', name: 'send_digits', description: 'Presses keys.' };
const TAKE_MESSAGE: Spec = { kind: 'takeMessage', name: 'take_message', description: 'Takes a message.' };
const END_CALL: Spec = { kind: 'endCall', name: 'end_call', description: 'Ends the call.' };
const VOICEMAIL: Spec = { kind: 'voicemailDetected', name: 'voicemail_detected', description: 'A machine.' };
const TRANSFER: Spec = {
  kind: 'transferCall',
  name: 'transfer_call',
  description: 'Puts the caller through.',
  destinations: { desk: { to: '+15550177', description: 'People.', timeoutSeconds: 15 } },
};
const KEYS = { digits: '1ww2' };
const MESSAGE = { message: 'The boiler is broken.' };
const DESK = { to: 'desk' };
const LAST_WORDS = { says: 'Goodbye, and thank you.', sound: { toneHz: 880, lengthMs: 4_000 } } as const;
const GOES_ON = { says: 'I am through.', sound: { toneHz: 660, lengthMs: 800 } } as const;
const BREAK = { code: 1011, reason: 'Internal error encountered.' } as const;
/** As soon as the model has called the tool. */
const BREAKING = { fault: { kind: 'close', ...BREAK } } as const;
/** Neither the session that breaks nor its handle is known afterwards. */
const FORGOTTEN: Faults[number] = { kind: 'forgottenHandles' };

/** The caller has spoken from 3 s to 4 s; the model calls the tool about a second later, unless `more` says otherwise. */
const calls = ({ name }: Spec, args: Record<string, unknown> = {}, more: Partial<Turn> = {}): Turn => ({
  on: 'speech',
  hears: 'For sales, press one.',
  calls: [{ name, args }],
  ...more,
});
/** Calls of this kind have ids of their own where chance is not real, and are cancelled when the model is interrupted. */
const blocking = ({ name }: Spec, args: Record<string, unknown> = {}, more: Partial<Turn> = {}): Turn =>
  calls(SEND_DIGITS, {}, { calls: [{ name, args, behavior: 'BLOCKING' }], ...more });
const SILENT: Turn = { on: 'toolResult' };

let clock: ManualClock;
let placed: OneCall;
afterEach(async () => {
  placed.close();
  await clock.advance(5_000);
  expect(clock.armed).toBe(0);
});

async function callWith(
  spec: Spec,
  turns: readonly Turn[],
  model: Omit<ScenarioInput, 'turns'> = {},
  { agent: change, outbound }: Pick<OneCallOptions, 'agent' | 'outbound'> = {},
): Promise<OneCall> {
  clock = new ManualClock();
  const tool = await new Toolbox({ clock }).open(spec);
  const scenario = { turns: [...turns], fallbackTurn: {}, ...model };
  const agent = { greeting: undefined, patience: undefined, tools: [tool], ...change };
  placed = placeOneCall({ clock, model: scenario, agent, outbound });
  await clock.advance(3_000);
  await placed.says(1_000);
  return placed;
}

const settled = ({ entries }: OneCall) =>
  entries.flatMap((entry) => (entry.type === 'toolAnswered' ? [entry.answer['status']] : []));
/** What the model has taken as the answer to its call. */
const answered = ({ live }: OneCall) =>
  live.sessions.flatMap((one) =>
    one.eventsOf('toolAnswered').flatMap(({ accepted, answer }) => (accepted ? [answer.response?.['status']] : [])),
  );
const messages = ({ entries }: OneCall) =>
  entries.flatMap((entry) => (entry.type === 'message' ? [entry.message.text] : []));

test.each<[string, Spec, Record<string, unknown>, string]>([
  ['keys that there are not', SEND_DIGITS, { digits: '1-2' }, 'invalid_argument'],
  ['no message', TAKE_MESSAGE, { name: 'Ann' }, 'invalid_argument'],
  ['nobody to be put through to', TRANSFER, { to: 'boss' }, 'invalid_argument'],
  ['a machine that has called by itself', VOICEMAIL, {}, 'refused'],
])('%s is turned down, the model is told, and the call goes on', async (_what, spec, args, status) => {
  const call = await callWith(spec, [calls(spec, args), SILENT]);
  await clock.advance(6_000);
  expect([settled(call), answered(call)]).toEqual([[status], [status]]);
  expect([call.call.phase, call.call.keysOut.keys, messages(call)]).toEqual(['talking', undefined, []]);
});

test.each<[Spec, Record<string, unknown>, string]>([
  [END_CALL, {}, 'farewell'],
  [TRANSFER, DESK, 'farewell'],
  [SEND_DIGITS, KEYS, 'parted'],
])('$name while the stream is broken is for later, and then it can be done', async (spec, args, phase) => {
  const call = await callWith(spec, [calls(spec, args, { delayMs: 2_000 }), SILENT, blocking(spec, args), SILENT]);
  await clock.advance(1_000);
  call.handlers.ended('lost');
  await clock.advance(3_000);
  expect([call.call.phase, settled(call), answered(call)]).toEqual(['parted', ['not_now'], ['not_now']]);
  call.answer();
  await clock.advance(1_000);
  expect(call.call.phase).toBe('talking');
  await call.says(1_000);
  await clock.advance(2_000);
  expect(call.call.phase).toBe(phase);
});

describe.each<[Spec, Record<string, unknown>, unknown]>([
  [END_CALL, {}, ['ended', { kind: 'completed', by: 'agent' }]],
  [TRANSFER, DESK, ['released', undefined]],
])('$name', (spec, args, end) => {
  test('is not done any more when the caller hangs up during the last words', async () => {
    const call = await callWith(spec, [calls(spec, args, LAST_WORDS), SILENT]);
    await clock.advance(3_000);
    expect([call.call.phase, settled(call)]).toEqual(['farewell', ['ok']]);
    await call.call.callerGone();
    await clock.advance(10_000);
    expect([call.call.phase, call.call.outcome]).toEqual(['ended', { kind: 'callerGone' }]);
    expect(call.agentLines()).toMatchObject([{ text: LAST_WORDS.says, cut: true }]);
  });

  test('is done when the last words are heard, though the session is lost meanwhile', async () => {
    const fault = { kind: 'close', ...BREAK, afterMs: 1_500 } as const;
    const call = await callWith(spec, [calls(spec, args, { ...LAST_WORDS, fault }), SILENT]);
    await clock.advance(3_500);
    expect([call.call.phase, call.live.sessions[0]!.eventsOf('closed')]).toMatchObject(['farewell', [BREAK]]);
    await clock.advance(4_000);
    expect([call.call.phase, call.call.outcome]).toEqual(end);
    expect(call.agentLines()).toMatchObject([{ text: LAST_WORDS.says, cut: false }]);
  });
});

test('who is told that they are put through is, though the time of the call is over before that is said', async () => {
  const { limits } = config.agents.find(({ name }) => name === 'reception')!;
  const agent = { limits: { ...limits, callMs: 7_000 } };
  const call = await callWith(TRANSFER, [calls(TRANSFER, DESK, LAST_WORDS), SILENT], {}, { agent });
  await clock.advance(3_500);
  // What they have to say to it comes too late, as the end of the call would.
  await call.says(1_000);
  expect([call.call.phase, call.live.sessions[0]!.eventsOf('closed').length]).toEqual(['farewell', 1]);
  await clock.advance(4_000);
  expect(call.call.phase).toBe('released');
  expect(call.agentLines()).toMatchObject([{ text: LAST_WORDS.says, cut: false }]);
  expect(call.entries).toContainEqual(expect.objectContaining({ type: 'transferred' }));
});

describe('a machine that the model has noticed', () => {
  const outbound = { variables: {} };
  const leaves: Spec = { ...VOICEMAIL, message: ['Please call back.'] };
  const message: Turn = { on: 'toolResult', ...LAST_WORDS };

  test('is left its message by the resumed session, when the one that noticed it is lost', async () => {
    const call = await callWith(leaves, [calls(VOICEMAIL, {}, BREAKING), message], {}, { outbound });
    await clock.advance(12_000);
    expect([settled(call), answered(call), call.live.sessions.length]).toEqual([['ok'], ['ok'], 1]);
    expect(call.agentLines()).toMatchObject([{ text: LAST_WORDS.says, cut: false }]);
  });

  test('is left its message by a session that begins afresh, which is told in words', async () => {
    const turns = [calls(VOICEMAIL, {}, BREAKING), { ...message, on: 'text' } as const];
    const call = await callWith(leaves, turns, { faults: [FORGOTTEN] }, { outbound });
    await clock.advance(12_000);
    expect([settled(call), call.live.sessions.length]).toEqual([['ok'], 2]);
    expect(call.texts()).toContainEqual(expect.stringMatching(/you called voicemail_detected .*Please call back/));
    expect(call.agentLines()).toMatchObject([{ text: LAST_WORDS.says, cut: false }]);
  });

  test('is hung up on all the same, when the session is lost', async () => {
    const call = await callWith(VOICEMAIL, [calls(VOICEMAIL, {}, BREAKING)], {}, { outbound });
    await clock.advance(3_000);
    expect([call.call.outcome, settled(call)]).toEqual([{ kind: 'completed', by: 'machine' }, ['ok']]);
  });

  test('and hangs up itself has heard so much of its message', async () => {
    const call = await callWith(leaves, [calls(VOICEMAIL), message], {}, { outbound });
    await clock.advance(4_000);
    await call.call.callerGone();
    await clock.advance(5_000);
    expect([call.call.outcome, settled(call)]).toEqual([{ kind: 'callerGone' }, ['ok']]);
    expect(call.agentLines()).toMatchObject([{ text: LAST_WORDS.says, cut: true }]);
  });

  describe('by a process that dies', () => {
    /** What the process leaves that is killed as soon as the model has had its answer. */
    const leftBy = async (spec: Spec): Promise<Entry[]> => {
      const first = await callWith(spec, [calls(VOICEMAIL), SILENT], {}, { outbound });
      await clock.advance(3_000);
      const left = first.entries.slice(0, first.entries.findIndex(({ type }) => type === 'toolAnswered') + 1);
      first.close();
      await clock.advance(5_000);
      return left;
    };
    const agentWith = async (spec: Spec) => ({
      greeting: 'Greet.',
      patience: config.agents.find(({ name }) => name === 'reception')!.patience,
      tools: [await new Toolbox({ clock }).open(spec)],
    });

    test('is hung up on by the next one, which says nothing', async () => {
      const earlier = await leftBy(VOICEMAIL);
      const agent = await agentWith(VOICEMAIL);
      placed = placeOneCall({ clock, model: { turns: [], fallbackTurn: {} }, agent, outbound, earlier });
      await clock.advance(1_000);
      expect(placed.call.outcome).toEqual({ kind: 'completed', by: 'machine' });
      expect([placed.texts(), placed.agentLines()]).toEqual([[], []]);
    });

    test('is left its message by the next one, and neither greeted nor asked for a moment', async () => {
      const earlier = await leftBy(leaves);
      const agent = await agentWith(leaves);
      const model: ScenarioInput = {
        turns: [{ on: 'greeting', says: LAST_WORDS.says }],
        fallbackTurn: {},
        faults: [{ kind: 'silentSetup', times: 1 }],
      };
      placed = placeOneCall({ clock, model, agent, outbound, earlier });
      await clock.advance(20_000);
      expect(placed.texts()).toEqual([expect.stringMatching(/A machine has answered.*Please call back/i)]);
      expect([placed.agentLines(), placed.asked()]).toMatchObject([[{ text: LAST_WORDS.says, cut: false }], []]);
    });
  });
});

describe('what the agent says as it has keys pressed', () => {
  const SENTENCE = { says: 'One moment, I am pressing the key for sales.', sound: { toneHz: 880, lengthMs: 4_000 } };
  const heard = { text: SENTENCE.says, cut: false };
  const pressing = (more: Partial<Turn> = {}) => calls(SEND_DIGITS, KEYS, { ...SENTENCE, ...more });

  test.each([
    ['', pressing()],
    [', also by one that waits for the answer', blocking(SEND_DIGITS, KEYS, SENTENCE)],
  ])('is heard to its end before they are, and not again%s', async (_who, turn) => {
    const call = await callWith(SEND_DIGITS, [turn, { on: 'toolResult', ...GOES_ON }]);
    await clock.advance(2_000);
    expect([call.call.phase, call.call.keysOut.keys]).toEqual(['talking', undefined]);
    await clock.advance(call.playedUntilMs() - (clock.nowMs() - call.beganMs) - 100);
    expect(call.call.phase).toBe('talking');
    await clock.advance(1_300);
    expect([call.call.phase, call.call.keysOut.keys]).toEqual(['parted', KEYS.digits]);
    await clock.advance(3_000);
    expect(call.agentLines()).toMatchObject([heard]);
    const saidMs = call.playedUntilMs();
    call.answer(true);
    await clock.advance(100);
    expect(call.playedUntilMs()).toBe(saidMs);
    await clock.advance(5_000);
    expect([settled(call), answered(call)]).toEqual([['ok'], ['ok']]);
    expect(call.agentLines()).toMatchObject([heard, { text: GOES_ON.says, cut: false }]);
  });

  test('is cut after eight seconds of it, and the rest is for nobody', async () => {
    const long: Partial<Turn> = { delivery: 'burst', sound: { toneHz: 880, lengthMs: 20_000 } };
    const call = await callWith(SEND_DIGITS, [pressing(long), SILENT]);
    await clock.advance(8_500);
    expect(call.call.phase).toBe('talking');
    await clock.advance(1_500);
    expect([call.call.phase, call.call.keysOut.keys]).toEqual(['parted', KEYS.digits]);
    await clock.advance(1_000);
    expect(call.agentLines()).toMatchObject([{ cut: true }]);
    const saidMs = call.playedUntilMs();
    call.answer(true);
    await clock.advance(10_000);
    expect([call.playedUntilMs(), settled(call)]).toEqual([saidMs, ['ok']]);
  });

  test('is cut by whoever speaks over it, and they are pressed then', async () => {
    const call = await callWith(SEND_DIGITS, [pressing(), SILENT]);
    await clock.advance(2_000);
    await call.says(600);
    await clock.advance(200);
    expect([call.call.phase, call.call.keysOut.keys]).toEqual(['parted', KEYS.digits]);
    await clock.advance(1_000);
    expect(call.agentLines()).toMatchObject([{ cut: true }]);
  });

  test('is heard to its end over a break of the stream, and they are pressed from the next one', async () => {
    const call = await callWith(SEND_DIGITS, [pressing(), SILENT]);
    await clock.advance(2_500);
    call.handlers.ended('lost');
    await clock.advance(2_000);
    expect([call.call.phase, call.call.waitsForStream, call.call.keysOut.keys]).toEqual(['parted', true, undefined]);
    call.answer();
    await clock.advance(1_000);
    expect([call.call.phase, settled(call)]).toEqual(['talking', []]);
    await clock.advance(3_000);
    expect([call.call.phase, call.call.keysOut.keys]).toEqual(['parted', KEYS.digits]);
    call.answer(true);
    await clock.advance(1_000);
    expect([settled(call), call.agentLines()]).toMatchObject([['ok'], [heard]]);
  });

  test('is heard to its end while the session is lost, and they are pressed when there is one again', async () => {
    const fault = { kind: 'close', ...BREAK, afterMs: 1_500 } as const;
    const call = await callWith(SEND_DIGITS, [pressing({ fault }), SILENT]);
    await clock.advance(9_000);
    expect(call.live.sessions[0]!.eventsOf('closed')).toMatchObject([BREAK]);
    expect([call.call.phase, call.call.keysOut.keys]).toEqual(['parted', KEYS.digits]);
    expect(call.agentLines()).toMatchObject([heard]);
  });
});

describe('keys that are pressed while', () => {
  test.each([
    ['there is none', 1_000],
    ['it is back', 4_000],
  ])('the session is lost are told to the resumed one, when they are pressed while %s', async (_when, afterMs) => {
    const faults: Faults = [{ kind: 'close', atMs: 6_000, ...BREAK, times: 1 }];
    const call = await callWith(SEND_DIGITS, [calls(SEND_DIGITS, KEYS), SILENT], { faults });
    await clock.advance(2_000 + afterMs);
    call.answer(true);
    await clock.advance(5_000);
    expect([call.call.phase, settled(call), answered(call)]).toEqual(['talking', ['ok'], ['ok']]);
    expect(call.live.sessions).toHaveLength(1);
  });

  test('a session begins afresh are told to that one in words', async () => {
    const faults: Faults = [{ kind: 'close', atMs: 6_000, ...BREAK, times: 1 }, FORGOTTEN];
    const call = await callWith(SEND_DIGITS, [calls(SEND_DIGITS, KEYS), SILENT], { faults });
    await clock.advance(6_000);
    call.answer(true);
    await clock.advance(5_000);
    expect([call.call.phase, settled(call), answered(call)]).toEqual(['talking', ['ok'], []]);
    expect(call.texts().filter((text) => text.includes('you called send_digits with {"digits":"1ww2"}'))).toHaveLength(
      1,
    );
  });

  test('the other side stays away are answered at their deadline, and not again when it is back', async () => {
    // The session breaks as well, which the call is given more time for.
    const faults: Faults = [{ kind: 'close', atMs: 20_000, ...BREAK, times: 1 }];
    const call = await callWith(SEND_DIGITS, [calls(SEND_DIGITS, KEYS), SILENT], { faults });
    await clock.advance(25_000);
    expect(settled(call)).toEqual([]);
    await clock.advance(2_000);
    expect([settled(call), answered(call)]).toEqual([['timeout'], ['timeout']]);
    call.answer(true);
    await clock.advance(5_000);
    expect([call.call.phase, settled(call), answered(call)]).toEqual(['talking', ['timeout'], ['timeout']]);
  });

  test('the model cancels the call of the tool are told to it in words, so that it does not press them again', async () => {
    const turns = [
      blocking(SEND_DIGITS, KEYS, { delayMs: 1_000 }),
      { on: 'text', ...GOES_ON } as const,
      calls(SEND_DIGITS, { digits: '3' }),
    ];
    const call = await callWith(SEND_DIGITS, turns, { announcesCancelledCalls: true });
    // The other side is still heard, for so long that its voice is known when the model has just called.
    await clock.advance(1_830);
    await call.says(400);
    await clock.advance(2_000);
    expect([call.call.phase, call.call.keysOut.keys]).toEqual(['parted', KEYS.digits]);
    call.answer(true);
    await clock.advance(3_000);
    expect([call.call.phase, settled(call), answered(call)]).toEqual(['talking', ['ok'], []]);
    expect(call.texts()).toEqual([
      expect.stringMatching(
        /^\[Earlier you called send_digits .*The keys are pressed\. Say nothing.* Do as its message says/,
      ),
    ]);
    await call.says(1_000);
    await clock.advance(2_000);
    expect([call.call.phase, call.call.keysOut.keys]).toEqual(['parted', '3']);
  });

  test('the other side hangs up are told to nobody', async () => {
    const call = await callWith(SEND_DIGITS, [calls(SEND_DIGITS, KEYS), SILENT]);
    await clock.advance(3_000);
    expect(call.call.phase).toBe('parted');
    await call.call.callerGone();
    await clock.advance(5_000);
    expect([call.call.outcome, settled(call), answered(call)]).toEqual([{ kind: 'callerGone' }, ['aborted'], []]);
  });
});

describe('a message that is written down when', () => {
  test('the session is lost is told to the resumed one', async () => {
    const call = await callWith(TAKE_MESSAGE, [calls(TAKE_MESSAGE, MESSAGE, BREAKING), SILENT]);
    await clock.advance(10_000);
    expect([messages(call), settled(call), answered(call)]).toEqual([[MESSAGE.message], ['ok'], ['ok']]);
    expect(call.live.sessions).toHaveLength(1);
  });

  test('the session is lost is there once, though the one that begins afresh writes it down again', async () => {
    const again: Turn = { on: 'text', calls: [{ name: TAKE_MESSAGE.name, args: MESSAGE, behavior: 'BLOCKING' }] };
    const turns = [calls(TAKE_MESSAGE, MESSAGE, BREAKING), again, SILENT];
    const call = await callWith(TAKE_MESSAGE, turns, { faults: [FORGOTTEN] });
    await clock.advance(10_000);
    expect(call.live.sessions).toHaveLength(2);
    expect([messages(call), settled(call)]).toEqual([[MESSAGE.message], ['ok', 'ok']]);
    expect(call.texts().filter((text) => text.includes('you called take_message'))).toHaveLength(1);
  });

  test('the caller hangs up is there', async () => {
    const call = await callWith(TAKE_MESSAGE, [calls(TAKE_MESSAGE, MESSAGE, LAST_WORDS), SILENT]);
    await clock.advance(2_500);
    await call.call.callerGone();
    await clock.advance(5_000);
    expect([call.call.outcome, messages(call), settled(call)]).toEqual([
      { kind: 'callerGone' },
      [MESSAGE.message],
      ['ok'],
    ]);
  });
});
