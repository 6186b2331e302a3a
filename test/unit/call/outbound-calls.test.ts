/** What is known of calls that were placed: it only goes on, whatever comes when. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OutboundCalls } from '../../../src/call/index.ts';
import { createLocalNotes, type Notes } from '../../../src/cluster/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import type { CallOrder } from '../../../src/telephony/index.ts';
import type { Outcome } from '../../../src/transcript/index.ts';
import { countingIds } from '../../support/counting-ids.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ORDER } from '../../support/outbound-order.ts';
import { callFacts } from '../transcript/given.ts';

const CALL = { ...callFacts('CA1'), direction: 'outbound' } as const;
const SETTINGS = { ringMs: 30_000, maxCallMs: 60_000 };
const RANKS: Readonly<Record<string, number>> = { queued: 0, ringing: 1, inProgress: 2, ended: 3 };
const GOING = ['queued', 'initiated', 'ringing', 'in-progress'];
const OVER = ['completed', 'busy', 'no-answer', 'failed', 'canceled'];

interface Given {
  readonly refusal?: Failure;
  readonly notes?: Notes;
  readonly clock?: ManualClock;
  readonly cutOff?: boolean;
  readonly endedBy?: 'api';
}

function given({
  refusal,
  clock = new ManualClock(),
  notes = createLocalNotes(clock),
  cutOff = false,
  endedBy,
}: Given = {}) {
  const orders: CallOrder[] = [];
  const metrics = createMetrics();
  const unanswered: unknown[] = [];
  const asked: boolean[] = [];
  const failing: { next?: Failure | undefined } = {};
  const outbound = new OutboundCalls({
    clock,
    ids: countingIds(),
    logger: createLogger({ level: 'silent' }),
    metrics,
    notes,
    placer: {
      place: async (order) => {
        orders.push(order);
        if (refusal !== undefined) throw refusal;
        return `CA${orders.length}`;
      },
    },
    cutOff: () => cutOff,
    requestedEnds: { by: async () => endedBy },
    unanswered: async (callId, { outbound: { variables } }, outcome, wasAsked) => {
      const { next } = failing;
      failing.next = undefined;
      if (next !== undefined) throw next;
      unanswered.push({ callId, variables, outcome });
      asked.push(wasAsked);
    },
    urls: {
      voice: 'https://a.example/voice',
      status: 'https://a.example/status',
      machine: 'https://a.example/machine',
    },
  });
  const tokenOf = (nth: number): string => new URL(orders[nth]!.voiceUrl).searchParams.get('outbound')!;
  /** Until it need not be told again; the end of one that was answered takes a moment. */
  const tell = async (status: string): Promise<void> => {
    await Promise.all([outbound.told(tokenOf(0), 'CA1', status), clock.advance(5_000)]);
  };
  return { clock, metrics, outbound, orders, tokenOf, tell, unanswered, asked, failing };
}

test('callbacks in any order, and any number of times, take no call back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...GOING, ...OVER, 'nonsense', ''), { maxLength: 12 }), async (told) => {
      const { outbound, tell } = given();
      await outbound.place(ORDER, SETTINGS);
      let rank = 0;
      let end: string | undefined;
      for (const status of told) {
        await tell(status);
        const known = (await outbound.find('CA1'))!;
        expect(RANKS[known.state]).toBeGreaterThanOrEqual(rank);
        rank = RANKS[known.state]!;
        end ??= known.end;
        expect(known.end).toBe(end);
        expect((known.state === 'ended') === (known.end !== undefined)).toBe(true);
        expect(await outbound.live(10)).toHaveLength(known.state === 'ended' ? 0 : 1);
      }
      expect(rank === 3).toBe(told.some((status) => OVER.includes(status)));
    }),
  );
});

const OUTCOMES = new Map<string, Outcome>([
  ['busy', { kind: 'unanswered', end: 'busy' }],
  ['no-answer', { kind: 'unanswered', end: 'noAnswer' }],
  ['failed', { kind: 'unanswered', end: 'failed' }],
  ['canceled', { kind: 'unanswered', end: 'canceled' }],
]);
const NEVER_CAME: Outcome = { kind: 'failed', fault: 'provider', code: 'STREAM_NEVER_CAME' };
const { variables } = ORDER.outbound;

test('a call that is over and that no process has is told as such once, as nobody answered or no stream came', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...GOING, ...OVER, 'nonsense'), { maxLength: 12 }), async (told) => {
      const { clock, outbound, tell, unanswered } = given();
      await outbound.place(ORDER, SETTINGS);
      for (const status of told) await tell(status);
      const isOver = told.some((status) => OVER.includes(status));
      const first = told.find((status) => status === 'in-progress' || OVER.includes(status)) ?? '';
      const outcome = OUTCOMES.get(first) ?? NEVER_CAME;
      expect(unanswered).toEqual(isOver ? [{ callId: 'CA1', variables, outcome }] : []);
      expect(clock.armed).toBe(0);
    }),
  );
});

describe('a call that was answered and is over', () => {
  test.each([0, 3_900])('has the record of the process that has it, though it has only after %i ms', async (lateMs) => {
    const { clock, outbound, tell, unanswered } = given();
    await outbound.place(ORDER, SETTINGS);
    clock.after(lateMs, () => void outbound.written(CALL, { type: 'answered', at: 0 }));
    await tell('completed');
    await tell('completed');
    expect(unanswered).toEqual([]);
  });

  test.each<[Parameters<OutboundCalls['withoutStream']>[1], Outcome]>([
    ['SERVICE_FULL', { kind: 'failed', fault: 'us', code: 'SERVICE_FULL' }],
    ['callerGone', { kind: 'callerGone' }],
  ])(
    'and that nobody has because of %s says so, whether that was known before or is right after',
    async (why, outcome) => {
      for (const [beforeMs, afterMs] of [
        [0, undefined],
        [undefined, 2_000],
      ]) {
        const { clock, outbound, tell, unanswered } = given();
        await outbound.place(ORDER, SETTINGS);
        if (beforeMs !== undefined) await outbound.withoutStream('CA1', 'SERVICE_DRAINING');
        await clock.advance(1);
        if (afterMs !== undefined) clock.after(afterMs, () => void outbound.withoutStream('CA1', why));
        else await outbound.withoutStream('CA1', why);
        await tell('completed');
        expect(unanswered).toEqual([{ callId: 'CA1', variables, outcome }]);
      }
    },
  );

  test.each([true, false])('is counted by whoever was asked about it, or else here (asked: %j)', async (wasAsked) => {
    const { outbound, tell, asked } = given();
    await outbound.place(ORDER, SETTINGS);
    if (wasAsked) await outbound.withoutStream('CA1', 'STREAM_NEVER_CAME');
    await tell('completed');
    expect(asked).toEqual([wasAsked]);
  });

  test('was ended by whoever asked for that', async () => {
    const { outbound, tell, unanswered } = given({ endedBy: 'api' });
    await outbound.place(ORDER, SETTINGS);
    await outbound.withoutStream('CA1', 'callerGone');
    await tell('completed');
    expect(unanswered).toEqual([{ callId: 'CA1', variables, outcome: { kind: 'completed', by: 'api' } }]);
  });

  test('is told to another process when the first dies meanwhile, and again to nobody', async () => {
    const clock = new ManualClock();
    const notes = createLocalNotes(clock);
    const [first, second] = [given({ clock, notes }), given({ clock, notes })];
    await first.outbound.place(ORDER, SETTINGS);
    const token = first.tokenOf(0);
    // It never hears what became of this: it is dead by then.
    first.failing.next = new Failure('JOURNAL_WRITE', 'killed');
    const dying = expect(first.outbound.told(token, 'CA1', 'completed')).rejects.toThrow('killed');
    await clock.advance(5_000);
    await dying;
    const telling = [1, 2].map(() => second.outbound.told(token, 'CA1', 'completed'));
    await clock.advance(5_000);
    await Promise.all(telling);
    expect(second.unanswered).toContainEqual({ callId: 'CA1', variables, outcome: NEVER_CAME });
    const before = second.unanswered.length;
    await second.outbound.told(token, 'CA1', 'completed');
    expect([first.unanswered, second.unanswered.length]).toEqual([[], before]);
  });

  test('is settled at once by a process that stops', async () => {
    const { clock, outbound, tokenOf, unanswered } = given();
    await outbound.place(ORDER, SETTINGS);
    const telling = outbound.told(tokenOf(0), 'CA1', 'completed');
    await clock.advance(100);
    outbound.close();
    await telling;
    expect([unanswered, clock.armed]).toEqual([[{ callId: 'CA1', variables, outcome: NEVER_CAME }], 0]);
  });

  test('is told again when nobody can be asked who has had it', async () => {
    const { outbound, tell, unanswered } = given({ cutOff: true });
    await outbound.place(ORDER, SETTINGS);
    await expect(tell('completed')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(unanswered).toEqual([]);
  });
});

test('a call whose end could not be written is not known as over, and told again', async () => {
  const { outbound, tokenOf, failing } = given();
  await outbound.place(ORDER, SETTINGS);
  failing.next = new Failure('JOURNAL_WRITE', 'no');
  await expect(outbound.told(tokenOf(0), 'CA1', 'busy')).rejects.toMatchObject({ code: 'JOURNAL_WRITE' });
  expect(await outbound.find('CA1')).toMatchObject({ state: 'queued' });
  await outbound.told(tokenOf(0), 'CA1', 'busy');
  expect(await outbound.find('CA1')).toMatchObject({ state: 'ended', end: 'busy' });
});

describe('a callback', () => {
  test('may come before the answer to the order does', async () => {
    const { outbound, tokenOf } = given();
    const placing = outbound.place(ORDER, SETTINGS);
    await Promise.resolve();
    await outbound.told(tokenOf(0), 'CA1', 'ringing');
    await placing;
    expect(await outbound.find('CA1')).toMatchObject({ state: 'ringing' });
  });

  test.each(['', 'x'.repeat(65), '../order', 'nonce-00000000ffff'])(
    'with the token %j is of no call',
    async (token) => {
      const { outbound } = given();
      await outbound.told(token, 'CA9', 'ringing');
      await outbound.answeredBy(token, 'CA9', 'machine_start');
      expect(await outbound.find('CA9')).toBeUndefined();
      expect(await outbound.whoAnswered('CA9')).toBeUndefined();
      expect(await outbound.order(token)).toBeUndefined();
    },
  );

  test('tells who has answered, once', async () => {
    const { outbound, tokenOf } = given();
    await outbound.place(ORDER, SETTINGS);
    await outbound.answeredBy(tokenOf(0), 'CA1', 'human');
    await outbound.answeredBy(tokenOf(0), 'CA1', 'machine_start');
    expect(await outbound.whoAnswered('CA1')).toBe('human');
  });
});

test('orders are counted by what became of them', async () => {
  const { metrics, outbound } = given();
  await outbound.place(ORDER, SETTINGS);
  const refusing = given({ refusal: new Failure('PROVIDER_REFUSED', 'no') });
  await expect(refusing.outbound.place(ORDER, SETTINGS)).rejects.toMatchObject({ code: 'PROVIDER_REFUSED' });
  const counted = async (of: typeof metrics) => (await of.callsOrdered.get()).values.map(({ labels }) => labels.result);
  expect([await counted(metrics), await counted(refusing.metrics)]).toEqual([['placed'], ['PROVIDER_REFUSED']]);
});

test('what was asked for is known while it rings, and told to nobody else', async () => {
  const { clock, outbound, orders, tokenOf } = given();
  await outbound.place(ORDER, { ...SETTINGS, machine: 'leaveMessage' });
  expect(orders).toMatchObject([
    { to: ORDER.to, from: ORDER.from, ringMs: 30_000, detection: { until: 'messageEnd' } },
  ]);
  expect(JSON.stringify(orders)).not.toContain('Ada');
  expect(await outbound.order(tokenOf(0))).toEqual({ ...ORDER, orderedAtMs: clock.nowMs() });
  clock.tick(5 * 60 * 60_000);
  expect(await outbound.order(tokenOf(0))).toBeUndefined();
});
