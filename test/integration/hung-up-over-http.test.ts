/** Calls that are ended by `DELETE /calls/:id`, in whatever they are just then, and what their records say of it. */
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  type Callee,
  loadFixture,
  type ProviderHabitsInput,
  person,
  type ScenarioInput,
} from '../../src/simulator/index.ts';
import { ADA, givenOutbound, type Outbound } from '../support/outbound.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const say = question.phone.script.find((step) => step.say !== undefined)!;
const quiet = (ms: number) => ({ hearSilence: { ms }, withinMs: 90_000 });
const STAYS = { waitForHangUp: true, withinMs: 170_000 };
const BOSS = '+15550178';
const BY_API = { kind: 'completed', by: 'api' };

const GREETING = { on: 'greeting', says: 'Good evening.', sound: { toneHz: 440, lengthMs: 1_000 } } as const;
const putsThrough = (args: Record<string, string>): ScenarioInput => ({
  turns: [
    GREETING,
    {
      on: 'speech',
      hears: 'Somebody else, please.',
      says: 'I put you through.',
      sound: { toneHz: 880, lengthMs: 2_000 },
      calls: [{ name: 'transfer_call', args }],
    },
    { on: 'toolResult' },
  ],
});
const ASKING = [{ hear: 'agent' }, quiet(600), say, { hear: 'agent' }, STAYS];

interface Given {
  readonly boss?: Callee;
  readonly habits?: ProviderHabitsInput;
}

const talking = ({ habits }: Given = {}, script: unknown = [STAYS]): Promise<Outbound> =>
  givenOutbound({
    agent: 'greeting: Greet them.\nidle: false\n',
    model: { turns: [GREETING] },
    callees: { [ADA]: person(script, 1_000) },
    ...(habits && { habits }),
  });

/** `boss` is asked first, and `desk` is not. */
const transferring = (to: 'desk' | 'boss', { boss, habits }: Given): Promise<Outbound> =>
  givenOutbound({
    agent: `greeting: Greet them.
patience: false
tools:
  - kind: transferCall
    destinations:
      desk: { to: "+15550179", description: People. }
      boss: { to: "${BOSS}", description: Complaints., timeoutSeconds: 15, warm: true }
`,
    model: putsThrough(to === 'boss' ? { to, summary: 'Ada is cold.' } : { to }),
    callees: { [ADA]: person(ASKING, 1_000), ...(boss && { [BOSS]: boss }) },
    ...(habits && { habits }),
  });

const seen = (given: Outbound, what: RegExp): Promise<void> =>
  given.wind(vi.waitFor(() => expect(given.log.join('')).toMatch(what), { timeout: 30_000, interval: 5 }));
const hangUp = async (given: Outbound, id: string): Promise<number> =>
  (await given.wind(given.ask('DELETE', `/calls/${id}`))).status;
const countOf = async (given: Outbound, outcome: string): Promise<string | undefined> => {
  const text = await (await given.ask('GET', '/metrics')).text();
  return new RegExp(`callbridge_calls_total\\{[^}]*outcome="${outcome}"[^}]*\\} (\\d+)`).exec(text)?.[1];
};

describe('a call that is talked in', () => {
  test.each<[string, ProviderHabitsInput]>([
    ['in order', {}],
    ['twice', { statusCallbacks: 'twice' }],
    ['in another order', { statusCallbacks: 'reversed' }],
    ['without the end of the stream', { stop: false }],
  ])('was ended by whoever asked, with what Twilio tells %s', async (_, habits) => {
    const given = await talking({ habits });
    const { id } = await given.place({});
    await seen(given, /"to":"talking"/);
    expect(await hangUp(given, id)).toBe(204);
    expect((await given.ended()).end.how).toBe('serviceHungUp');
    expect((await given.record()).outcome).toEqual(BY_API);
    expect(await countOf(given, 'completed')).toBe('1');
    // Twilio is asked for it once, and not again by the call that has ended.
    expect(given.twilio.requests.filter(({ form }) => form['Status'] === 'completed')).toHaveLength(1);
  });

  test('was, too, when the answer to that was lost', async () => {
    const given = await talking();
    const { id } = await given.place({});
    await seen(given, /"to":"talking"/);
    given.twilio.trouble({ loseAnswer: true });
    expect(await hangUp(given, id)).toBe(204);
    await given.ended();
    expect((await given.record()).outcome).toEqual(BY_API);
  });

  test.each([
    ['refuses at once', [{ refuse: 20003 }]],
    ['cannot', [{ refuse: 20500 }, { refuse: 20503 }, { refuse: 20500 }]],
  ] as const)('goes on when Twilio %s, and is then ended by whoever ends it', async (_, troubles) => {
    const given = await talking({}, [{ wait: 30_000 }, 'hangUp']);
    const { id } = await given.place({});
    await seen(given, /"to":"talking"/);
    given.twilio.trouble(...troubles);
    expect(await hangUp(given, id)).toBe(502);
    expect((await given.ended()).end.how).toBe('callerHungUp');
    expect((await given.record()).outcome).toEqual({ kind: 'callerGone' });
    expect(await countOf(given, 'callerGone')).toBe('1');
  });
});

describe('a caller who waits for somebody', () => {
  test('in a conference is hung up on, and nobody is called any more', async () => {
    const given = await transferring('boss', { boss: person([{ wait: 1_000 }], 14_000) });
    const { id } = await given.place({});
    await seen(given, /twilio\/warm\/wait/);
    expect(await hangUp(given, id)).toBe(204);
    expect((await given.ended()).end.how).toBe('serviceHungUp');
    expect((await given.ended(1)).end).toEqual({ how: 'notAnswered', status: 'canceled' });
    expect((await given.record()).outcome).toEqual(BY_API);
  });

  test.each(['no-answer', 'canceled', 'unasked'] as const)('who rings is hung up on (%s)', async (whenGone) => {
    const given = await transferring('desk', { habits: { dialled: { ringsMs: 15_000, whenGone } } });
    const { id } = await given.place({});
    await seen(given, /"event":"heardOut","to":"released"[\s\S]*twilio\/stream-ended/);
    expect(await hangUp(given, id)).toBe(204);
    expect((await given.ended()).end.how).toBe('serviceHungUp');
    expect((await given.record()).outcome).toEqual(BY_API);
    expect(await countOf(given, 'completed')).toBe('1');
  });
});

describe('a caller who talks with somebody else is hung up on', () => {
  test('when they were asked first', async () => {
    const takes = person([{ hear: 'agent' }, quiet(600), { press: '1' }, { wait: 120_000 }, 'hangUp']);
    const given = await transferring('boss', { boss: takes });
    const { id } = await given.place({});
    await seen(given, /transfer taken/);
    const { outcome } = await given.wind(given.record());
    expect(await hangUp(given, id)).toBe(204);
    expect((await given.ended()).end.how).toBe('serviceHungUp');
    expect((await given.ended(1)).end.how).toBe('serviceHungUp');
    expect(outcome).toEqual({ kind: 'transferred', to: 'boss', warm: true });
    expect((await given.record()).outcome).toEqual(outcome);
  });

  test.each([
    ['before there is a record', (given: Outbound) => seen(given, /put-through-answered/)],
    ['when there is one', (given: Outbound) => given.wind(given.record())],
  ])('%s', async (_, come) => {
    const given = await transferring('desk', { habits: { dialled: { talksMs: 170_000 } } });
    const { id } = await given.place({});
    await come(given);
    expect(await hangUp(given, id)).toBe(204);
    expect((await given.ended()).end.how).toBe('serviceHungUp');
    expect((await given.record()).outcome).toEqual({ kind: 'transferred', to: 'desk' });
    expect(await hangUp(given, id)).toBe(204);
  });
});
