/** A caller who waits in a conference while somebody else is called, hears of them, and takes the call or does not. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Callee,
  type CallResult,
  loadFixture,
  nobody,
  type ProviderHabitsInput,
  person,
  type ScenarioInput,
} from '../../src/simulator/index.ts';
import { ADA, givenOutbound, OUR_NUMBER, type Outbound } from '../support/outbound.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const say = question.phone.script.find((step) => step.say !== undefined)!;
const quiet = (ms: number) => ({ hearSilence: { ms }, withinMs: 90_000 });

const SUMMARY = 'A caller wants to complain about cold soup.';
const BACK = 'They have no time. May I help?';
const MODEL: ScenarioInput = {
  turns: [
    { on: 'greeting', says: 'Good evening.', sound: { toneHz: 440, lengthMs: 1_000 } },
    {
      on: 'speech',
      hears: 'The manager, please.',
      says: 'I put you through.',
      sound: { toneHz: 880, lengthMs: 2_000 },
      calls: [{ name: 'transfer_call', args: { to: 'manager', summary: SUMMARY } }],
    },
    { on: 'toolResult' },
    { on: 'text', says: BACK, sound: { toneHz: 660, lengthMs: 1_000 } },
  ],
};
const ASKING = [{ hear: 'agent' }, quiet(600), say, { hear: 'agent' }];
const COMES_BACK = [...ASKING, quiet(1_000), { hear: 'agent', withinMs: 90_000 }, quiet(1_000), 'hangUp'];
const STAYS = [...ASKING, { waitForHangUp: true, withinMs: 90_000 }];
const presses = (key: string): Callee =>
  person([{ hear: 'agent' }, quiet(600), { press: key }, { wait: 6_000 }, 'hangUp']);

interface Given {
  readonly manager: Callee;
  readonly keys?: string;
  readonly habits?: ProviderHabitsInput;
}

const given = ({ manager, keys = '', habits }: Given): Promise<Outbound> =>
  givenOutbound({
    agent: `greeting: Greet the caller.
patience: false
tools:
  - kind: transferCall
    destinations:
      manager: { to: "${ADA}", description: Complaints., timeoutSeconds: 15, warm: true${keys} }
`,
    model: MODEL,
    callees: { [ADA]: manager },
    ...(habits && { habits }),
  });

const requestsOf = ({ twilio }: Outbound) => twilio.requests.map(({ path, form }) => ({ path, form }));
const redirectsOf = (outbound: Outbound) => requestsOf(outbound).filter(({ form }) => form['Url']?.includes('warm='));
const textsOf = ({ live }: Outbound): string[] =>
  live.sessions.flatMap((session) => session.eventsOf('textReceived').map(({ text }) => text));
const hasBegun = ({ events }: CallResult): boolean => events.some(({ type }) => type === 'conferenceStarted');
const spokenTo = ({ events }: CallResult) => events.flatMap((event) => (event.type === 'spoken' ? [event.text] : []));

async function expectBack(outbound: Outbound, told: RegExp): Promise<void> {
  const record = await outbound.record();
  expect(record.outcome).toEqual({ kind: 'callerGone' });
  expect(record.events.map(({ code }) => code)).toEqual(['TRANSFER_BACK', 'LIVE_BACK']);
  expect(record.lines.at(-1)?.text).toBe(BACK);
  expect(outbound.live.sessions).toHaveLength(1);
  expect(textsOf(outbound).at(-1)).toMatch(told);
}

describe('somebody who takes the call', () => {
  test('hears of the caller first, and the two talk until one hangs up', async () => {
    const outbound = await given({ manager: presses('1') });
    const caller = await outbound.incoming(STAYS);
    const callee = await outbound.ended();
    expect(spokenTo(callee)).toEqual([SUMMARY, 'Press 1 to take the call.']);
    expect([hasBegun(caller), hasBegun(callee)]).toEqual([true, true]);
    expect([caller.end.how, callee.end.how]).toEqual(['serviceHungUp', 'callerHungUp']);
    const record = await outbound.record();
    expect(record.outcome).toEqual({ kind: 'transferred', to: 'manager', warm: true });
    expect(record.lines.map(({ text }) => text)).toEqual([
      'Good evening.',
      'The manager, please.',
      'I put you through.',
    ]);
    expect(JSON.stringify(record.outcome)).not.toContain(ADA);
    // They are called once, and nobody is led anywhere.
    expect(requestsOf(outbound)).toMatchObject([
      { path: expect.stringMatching(/Calls\.json$/), form: { To: ADA, From: OUR_NUMBER, Timeout: '15' } },
    ]);
  });

  test('does so by answering, where the agent says so', async () => {
    const manager = person([{ hear: 'agent' }, { wait: 12_000 }, 'hangUp']);
    const outbound = await given({ manager, keys: ', accept: answer' });
    const caller = await outbound.incoming(STAYS);
    const callee = await outbound.ended();
    expect(spokenTo(callee)).toEqual([SUMMARY]);
    expect([hasBegun(caller), hasBegun(callee)]).toEqual([true, true]);
    expect((await outbound.record()).outcome).toEqual({ kind: 'transferred', to: 'manager', warm: true });
  });

  test('is left by a caller who hangs up', async () => {
    const manager = person([{ hear: 'agent' }, { press: '1' }, { waitForHangUp: true, withinMs: 60_000 }]);
    const outbound = await given({ manager });
    const caller = await outbound.incoming([...ASKING, quiet(12_000), 'hangUp']);
    expect(hasBegun(caller)).toBe(true);
    expect((await outbound.ended()).end.how).toBe('serviceHungUp');
    expect((await outbound.record()).outcome).toEqual({ kind: 'transferred', to: 'manager', warm: true });
  });

  test.each(['twice', 'reversed'] as const)('does so when what Twilio tells comes %s', async (statusCallbacks) => {
    const outbound = await given({ manager: presses('1'), habits: { statusCallbacks } });
    const caller = await outbound.incoming(STAYS);
    await outbound.ended();
    expect(hasBegun(caller)).toBe(true);
    expect((await outbound.record()).outcome).toEqual({ kind: 'transferred', to: 'manager', warm: true });
    expect(redirectsOf(outbound)).toEqual([]);
  });
});

describe('the caller is back with the agent, who knows why', () => {
  test.each<[string, Callee, RegExp]>([
    ['another key is pressed', presses('2'), /manager: they cannot take the call now/],
    ['no key is pressed, as by a machine', person([{ wait: 60_000 }]), /manager: they cannot take the call now/],
    ['nobody answers', person([{ wait: 1_000 }], 40_000), /manager: nobody answered/],
    ['the line is busy', nobody('busy'), /manager: the line is busy/],
  ])('when %s', async (_, manager, told) => {
    const outbound = await given({ manager });
    const caller = await outbound.incoming(COMES_BACK);
    expect([caller.scriptFailure, hasBegun(caller)]).toEqual([undefined, false]);
    await expectBack(outbound, told);
    expect(redirectsOf(outbound)).toHaveLength(1);
  });

  test.each<[string, ProviderHabitsInput]>([
    ['twice', { statusCallbacks: 'twice' }],
    ['in another order', { statusCallbacks: 'reversed' }],
    ['beside the question that follows the conference', { actionWhenLed: true }],
  ])('when what Twilio tells comes %s', async (_, habits) => {
    const outbound = await given({ manager: nobody('busy'), habits });
    await outbound.incoming(COMES_BACK);
    await expectBack(outbound, /the line is busy/);
    expect(redirectsOf(outbound)).toHaveLength(1);
  });

  test('when Twilio does not call', async () => {
    const outbound = await given({ manager: presses('1') });
    outbound.twilio.trouble({ refuse: 21215 });
    const caller = await outbound.incoming(COMES_BACK);
    await expectBack(outbound, /they cannot be reached/);
    expect(caller.events.some(({ type }) => type === 'conferenceEntered')).toBe(false);
  });

  test('a while later, when Twilio could not be asked to bring them back at first', async () => {
    const outbound = await given({ manager: nobody('busy') });
    outbound.twilio.trouble({ delayMs: 0 }, { refuse: 20500 }, { refuse: 20503 }, { refuse: 20500 });
    await outbound.incoming(COMES_BACK);
    await expectBack(outbound, /put through to manager/);
    expect(redirectsOf(outbound)).toHaveLength(4);
  });
});

test('a caller who hangs up while it rings was not put through, and it rings no more', async () => {
  const outbound = await given({ manager: person([{ wait: 1_000 }], 12_000) });
  await outbound.incoming([...ASKING, quiet(8_000), 'hangUp']);
  expect((await outbound.ended()).end).toEqual({ how: 'notAnswered', status: 'canceled' });
  expect((await outbound.record()).outcome).toEqual({ kind: 'callerGone' });
});

test('who answers when the caller has gone is not told of them', async () => {
  const outbound = await given({ manager: person([{ waitForHangUp: true, withinMs: 20_000 }], 8_000) });
  // The order to end the call at the other side is lost.
  outbound.twilio.trouble({ delayMs: 0 }, { refuse: 20500 }, { refuse: 20500 }, { refuse: 20500 });
  await outbound.incoming([...ASKING, quiet(6_000), 'hangUp']);
  const callee = await outbound.ended();
  expect([callee.end.how, spokenTo(callee)]).toEqual(['serviceHungUp', []]);
});
