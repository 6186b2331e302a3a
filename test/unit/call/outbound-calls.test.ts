/** What is known of calls that were placed: it only goes on, whatever comes when. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OutboundCalls } from '../../../src/call/index.ts';
import { createLocalNotes } from '../../../src/cluster/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import type { CallOrder } from '../../../src/telephony/index.ts';
import { countingIds } from '../../support/counting-ids.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ORDER } from '../../support/outbound-order.ts';

const SETTINGS = { ringMs: 30_000, maxCallMs: 60_000 };
const RANKS: Readonly<Record<string, number>> = { queued: 0, ringing: 1, inProgress: 2, ended: 3 };
const GOING = ['queued', 'initiated', 'ringing', 'in-progress'];
const OVER = ['completed', 'busy', 'no-answer', 'failed', 'canceled'];

function given(refusal?: Failure) {
  const clock = new ManualClock();
  const orders: CallOrder[] = [];
  const metrics = createMetrics();
  const unanswered: unknown[] = [];
  const failing: { next?: Failure | undefined } = {};
  const outbound = new OutboundCalls({
    clock,
    ids: countingIds(),
    logger: createLogger({ level: 'silent' }),
    metrics,
    notes: createLocalNotes(clock),
    placer: {
      place: async (order) => {
        orders.push(order);
        if (refusal !== undefined) throw refusal;
        return `CA${orders.length}`;
      },
    },
    unanswered: async (callId, { outbound: { variables } }, end) => {
      const { next } = failing;
      failing.next = undefined;
      if (next !== undefined) throw next;
      unanswered.push({ callId, variables, end });
    },
    urls: {
      voice: 'https://a.example/voice',
      status: 'https://a.example/status',
      machine: 'https://a.example/machine',
    },
  });
  const tokenOf = (nth: number): string => new URL(orders[nth]!.voiceUrl).searchParams.get('outbound')!;
  return { clock, metrics, outbound, orders, tokenOf, unanswered, failing };
}

test('callbacks in any order, and any number of times, take no call back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...GOING, ...OVER, 'nonsense', ''), { maxLength: 12 }), async (told) => {
      const { outbound, tokenOf } = given();
      await outbound.place(ORDER, SETTINGS);
      let rank = 0;
      let end: string | undefined;
      for (const status of told) {
        await outbound.told(tokenOf(0), 'CA1', status);
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

test('a call that nobody answered is told as such once, whatever else is told; one that was answered never', async () => {
  const ends = new Map([
    ['busy', 'busy'],
    ['no-answer', 'noAnswer'],
    ['failed', 'failed'],
    ['canceled', 'canceled'],
  ]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...GOING, ...OVER, 'nonsense'), { maxLength: 12 }), async (told) => {
      const { outbound, tokenOf, unanswered } = given();
      await outbound.place(ORDER, SETTINGS);
      for (const status of told) await outbound.told(tokenOf(0), 'CA1', status);
      const end = ends.get(told.find((status) => status === 'in-progress' || OVER.includes(status)) ?? '');
      expect(unanswered).toEqual(
        end === undefined ? [] : [{ callId: 'CA1', variables: ORDER.outbound.variables, end }],
      );
    }),
  );
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
  const refusing = given(new Failure('PROVIDER_REFUSED', 'no'));
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
