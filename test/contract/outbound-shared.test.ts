/** A call that one process has placed, and another one is asked about: over each Redis there is. */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OutboundCalls, type OutboundCallsOptions } from '../../src/call/index.ts';
import type { Notes } from '../../src/cluster/index.ts';
import { RedisLink } from '../../src/cluster/redis-link.ts';
import { createRedisNotes } from '../../src/cluster/redis-notes.ts';
import { Once } from '../../src/http/once.ts';
import { systemClock, systemIds } from '../../src/lib/index.ts';
import { connectRedis } from '../../src/redis/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import type { CallOrder } from '../../src/telephony/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ORDER } from '../support/outbound-order.ts';
import { findRedisServer, startJsRedis, startRedisServer, type TestRedis } from '../support/redis.ts';
import { callFacts, said } from '../unit/transcript/given.ts';

const CALL = { ...callFacts('CA1'), direction: 'outbound' } as const;
const GONE = { kind: 'callerGone' } as const;
/** Nobody has asked for an end. */
const alone = { cutOff: () => false, requestedEnds: { by: async () => undefined } };
const logger = createLogger({ level: 'silent' });
const redisServer = findRedisServer();
const servers: [string, () => Promise<TestRedis>][] = [['js-redis-server', startJsRedis]];
if (redisServer !== undefined) servers.push(['redis-server', () => startRedisServer(redisServer)]);

describe.each(servers)('over %s', (_name, start) => {
  let stop: () => Promise<void>;
  let notes: readonly Notes[];
  let clients: readonly ReturnType<typeof connectRedis>[];
  beforeEach(async () => {
    const server = await start();
    clients = [1, 2].map(() => connectRedis(server.url, { enableOfflineQueue: false, maxRetriesPerRequest: 1 }));
    notes = clients.map((redis) =>
      createRedisNotes({
        link: new RedisLink({ redis, clock: systemClock, logger, metrics: createMetrics() }),
        clock: systemClock,
      }),
    );
    stop = async () => {
      for (const client of clients) client.disconnect();
      await server.stop();
    };
  });
  afterEach(() => stop());

  test('whichever process is asked knows what the call is for, how far it is, and who has answered', async () => {
    const orders: CallOrder[] = [];
    const placer = {
      place: async (order: CallOrder) => {
        orders.push(order);
        return 'CA1';
      },
    };
    const urls = { voice: 'https://a.example/v', status: 'https://a.example/s', machine: 'https://a.example/m' };
    const ends: string[] = [];
    const unanswered: OutboundCallsOptions['unanswered'] = async (_callId, _order, { kind }) => void ends.push(kind);
    const common = {
      clock: systemClock,
      ids: systemIds,
      logger,
      metrics: createMetrics(),
      placer,
      urls,
      unanswered,
      ...alone,
    };
    const [one, other] = notes.map((each) => new OutboundCalls({ ...common, notes: each })) as [
      OutboundCalls,
      OutboundCalls,
    ];
    await one.place(ORDER, { ringMs: 30_000, maxCallMs: 60_000 });
    const token = new URL(orders[0]!.voiceUrl).searchParams.get('outbound')!;
    expect(await other.order(token)).toMatchObject(ORDER);
    await other.told(token, 'CA1', 'in-progress');
    await one.told(token, 'CA1', 'ringing');
    expect(await one.find('CA1')).toMatchObject({ state: 'inProgress', agent: 'sales' });
    expect(await one.live(10)).toMatchObject([{ callId: 'CA1' }]);
    await other.answeredBy(token, 'CA1', 'human');
    expect(await one.whoAnswered('CA1')).toBe('human');
    await other.written(CALL, { type: 'answered', at: 0 });
    await one.told(token, 'CA1', 'completed');
    expect(ends).toEqual([]);
    await other.told(token, 'CA1', 'in-progress');
    expect(await other.find('CA1')).toMatchObject({ state: 'ended', end: 'completed' });
    expect(await other.live(10)).toEqual([]);
  });

  test('a call that was answered while Redis was away is known to have been when it has ended', async () => {
    const orders: CallOrder[] = [];
    const placer = { place: async (order: CallOrder) => `CA${orders.push(order)}` };
    const urls = { voice: 'https://a.example/v', status: 'https://a.example/s', machine: 'https://a.example/m' };
    const ends: string[] = [];
    const unanswered: OutboundCallsOptions['unanswered'] = async (callId) => void ends.push(callId);
    const common = { ids: systemIds, logger, metrics: createMetrics(), placer, urls, unanswered, ...alone };
    const clock = new ManualClock();
    const [one, other] = notes.map((each) => new OutboundCalls({ ...common, notes: each, clock })) as [
      OutboundCalls,
      OutboundCalls,
    ];
    await one.place(ORDER, { ringMs: 30_000, maxCallMs: 60_000 });
    const token = new URL(orders[0]!.voiceUrl).searchParams.get('outbound')!;
    const gone = once(clients[0]!, 'end');
    clients[0]!.disconnect();
    await gone;
    await one.written(CALL, { type: 'answered', at: 0 });
    await clients[0]!.connect();
    await one.written(CALL, said('caller', 'Hello.'));
    await one.written({ ...CALL, direction: 'inbound', callId: 'CA2' }, { type: 'ended', at: 0, outcome: GONE });
    await one.written(CALL, { type: 'ended', at: 0, outcome: GONE });
    await other.told(token, 'CA1', 'completed');
    expect([ends, clock.armed]).toEqual([[], 0]);
  });

  test('a call whose stream never came has its record by the process that is told when another one dies of it', async () => {
    const orders: CallOrder[] = [];
    const placer = { place: async (order: CallOrder) => `CA${orders.push(order)}` };
    const urls = { voice: 'https://a.example/v', status: 'https://a.example/s', machine: 'https://a.example/m' };
    const ends: unknown[] = [];
    const unanswered: OutboundCallsOptions['unanswered'] = async (callId, _order, outcome) =>
      void ends.push([callId, outcome]);
    const common = { ids: systemIds, logger, metrics: createMetrics(), placer, urls, unanswered, ...alone };
    const processes = notes.map((each) => {
      const clock = new ManualClock();
      return { clock, calls: new OutboundCalls({ ...common, notes: each, clock }) };
    });
    const [dead, other] = processes as [(typeof processes)[0], (typeof processes)[0]];
    await dead.calls.place(ORDER, { ringMs: 30_000, maxCallMs: 60_000 });
    const token = new URL(orders[0]!.voiceUrl).searchParams.get('outbound')!;
    await dead.calls.withoutStream('CA1', 'LIVE_FULL');
    // Its clock stands still from here on.
    void dead.calls.told(token, 'CA1', 'completed');
    await vi.waitFor(() => expect(dead.clock.armed).toBe(1));
    const telling = other.calls.told(token, 'CA1', 'completed');
    await vi.waitFor(() => expect(other.clock.armed).toBe(1));
    other.clock.tick(4_000);
    await telling;
    expect(ends).toEqual([['CA1', { kind: 'failed', fault: 'us', code: 'LIVE_FULL' }]]);
    await other.calls.told(token, 'CA1', 'completed');
    expect([ends.length, other.clock.armed]).toEqual([1, 0]);
  });

  test('one Idempotency-Key at two processes places one call', async () => {
    const [one, other] = notes.map((each) => new Once(each)) as [Once, Once];
    let answer: (value: { status: number; body: unknown }) => void = () => undefined;
    let begun: () => void = () => undefined;
    const working = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const first = one.run('key', ORDER, () => {
      begun();
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    await working;
    const never = (): never => {
      throw new Error('placed twice');
    };
    await expect(other.run('key', ORDER, never)).rejects.toMatchObject({ code: 'API_IN_PROGRESS' });
    await expect(other.run('key', { ...ORDER, to: '+15550188' }, never)).rejects.toMatchObject({
      code: 'API_KEY_REUSED',
    });
    answer({ status: 201, body: { id: 'CA1' } });
    expect(await first).toEqual({ status: 201, body: { id: 'CA1' } });
    expect(await other.run('key', ORDER, never)).toEqual({ status: 201, body: { id: 'CA1' } });
  });
});
