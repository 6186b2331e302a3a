/** How calls end whose callers are being put through, while Redis is late, or away. */
import { beforeEach, describe, expect, test } from 'vitest';
import { LeftCalls, RequestedEnds } from '../../../src/call/index.ts';
import { createLocalNotes } from '../../../src/cluster/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { connectRedis } from '../../../src/redis/index.ts';
import { createMetrics } from '../../../src/telemetry/index.ts';
import { type CallRecord, endTranscript, type Transfer } from '../../../src/transcript/index.ts';
import { findRedisServer, freePort, startRedisServer, type TestRedis } from '../../support/redis.ts';
import { type RedisStores, redisStores } from '../../support/redis-stores.ts';
import type { StoreProcess } from '../../support/store-processes.ts';
import { PATIENT_TIMES } from '../cluster/patient-times.ts';

const CALL = 'CA1';
const DESK: Transfer = { name: 'desk', to: '+15550177', timeoutSeconds: 20 };
const eventually = <T>(what: () => T | Promise<T>) => expect.poll(what, { interval: 10, timeout: 15_000 });

const redisServer = findRedisServer();
const servers = redisServer === undefined ? [] : [redisServer];

describe.each(servers)('with %s', (binary) => {
  let port: number;
  let own: RedisStores<TestRedis>;
  const startRedis = async (): Promise<TestRedis> => {
    port = await freePort();
    return startRedisServer(binary, port);
  };
  redisStores(startRedis, (given) => {
    own = given;
  });
  let records: CallRecord[];

  beforeEach(() => {
    records = [];
  });

  const start = (times = PATIENT_TIMES): Promise<StoreProcess> =>
    own.start({
      clock: systemClock,
      times,
      publish: async (record) => {
        records.push(record);
      },
    });
  const leftFor = ({ store, outbox }: StoreProcess): LeftCalls => {
    const common = { notes: createLocalNotes(systemClock), metrics: createMetrics(), store };
    const control = { hangUp: async () => 'done' as const, redirect: async () => 'done' as const };
    return new LeftCalls({
      ...common,
      requestedEnds: new RequestedEnds({ ...common, control }),
      endTranscript: (call, earlier, outcome) =>
        endTranscript({
          call,
          clock: systemClock,
          outbox,
          earlier,
          outcome,
          mirror: (id, entry) => store.append(id, entry),
        }),
    });
  };
  const letGo = async ({ begin, store }: StoreProcess): Promise<void> => {
    const { transcript } = await begin(CALL);
    transcript.collector.event(systemClock.nowMs(), 'LIVE_LOST', 'mended');
    transcript.collector.leave(DESK);
    await store.release(CALL);
  };
  const WHOLE = { outcome: { kind: 'callerGone' }, events: [{ detail: 'mended' }] };

  /** What is looked up is answered, and what is then to be taken is not, before the process has given up. */
  const goneWhileRedisIsLate = async (process: StoreProcess): Promise<void> => {
    const admin = connectRedis(own.redis.url, {});
    const { takeLeft } = process.store;
    const late = {
      ...process.store,
      takeLeft: async (facts: Parameters<typeof takeLeft>[0]) => {
        await admin.client('PAUSE', 60_000, 'WRITE');
        return takeLeft(facts).finally(() => admin.client('UNPAUSE'));
      },
    };
    await leftFor({ ...process, store: late }).callerGone(CALL);
    admin.disconnect();
  };

  test('an end whose call Redis gives too late is written when it is told again, with all that was said', async () => {
    const [one, other] = [await start(), await start()];
    await letGo(one);
    await goneWhileRedisIsLate(other);
    expect(records).toEqual([]);
    await leftFor(other).callerGone(CALL);
    await eventually(() => records).toMatchObject([WHOLE]);
    await eventually(() => other.store.look(CALL)).toMatchObject({ state: 'ended' });
  });

  test('a call that Redis gives too late is as free as before, so that any other process may be told of its end', async () => {
    const [one, other] = [await start(), await start()];
    await letGo(one);
    await goneWhileRedisIsLate(other);
    await eventually(() => one.store.look(CALL)).toMatchObject({ holder: 'none', transfer: DESK });
    await leftFor(one).callerGone(CALL);
    await eventually(() => records).toMatchObject([WHOLE]);
  });

  test('a call that Redis gives too late, and of which nothing more is told, has its record all the same, once', async () => {
    const times = { ...PATIENT_TIMES, orphanMs: 3_000 };
    const [one, other] = [await start(times), await start(times)];
    await letGo(one);
    await goneWhileRedisIsLate(other);
    await eventually(() => records).toMatchObject([
      { outcome: { kind: 'transferred' }, events: [{ detail: 'mended' }] },
    ]);
    await eventually(() => one.store.look(CALL)).toMatchObject({ state: 'ended' });
    expect(await other.store.look(CALL)).toMatchObject({ state: 'ended' });
    expect(records).toHaveLength(1);
  });

  test('an end that is told while Redis is away is written by the process that has the journal', async () => {
    const one = await start();
    await own.redis.stop();
    await letGo(one);
    await leftFor(one).callerGone(CALL);
    await eventually(() => records).toMatchObject([WHOLE]);
    own.redis = await startRedisServer(binary, port);
    const other = await start();
    await eventually(() => other.store.look(CALL)).toMatchObject({ state: 'ended' });
  });

  test('an end that is told while Redis is away, of a call that it still knows when it is back, is written once', async () => {
    const one = await start();
    const admin = connectRedis(own.redis.url, {});
    const { transcript } = await one.begin(CALL);
    transcript.collector.event(systemClock.nowMs(), 'LIVE_LOST', 'mended');
    await eventually(() => admin.llen(`callbridge:entries:${CALL}`)).toBe(3);
    await admin.client('PAUSE', 60_000, 'WRITE');
    await eventually(() => one.store.away).toBe(true);
    transcript.collector.leave(DESK);
    await one.store.release(CALL);
    await leftFor(one).callerGone(CALL);
    await eventually(() => records).toMatchObject([WHOLE]);
    await admin.client('UNPAUSE');
    await eventually(() => admin.hget(`callbridge:call:${CALL}`, 'state')).toBe('ended');
    await eventually(() => admin.exists(`callbridge:entries:${CALL}`)).toBe(0);
    expect(records).toHaveLength(1);
    admin.disconnect();
  });
});
