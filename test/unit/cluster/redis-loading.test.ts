/** A Redis that is there, and still loads what it had, or is held up by a script: it counts as away until it answers, and takes up what it was not told. */
import { beforeEach, describe, expect, test } from 'vitest';
import { STORE_TIMES } from '../../../src/cluster/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { connectRedis } from '../../../src/redis/index.ts';
import type { CallRecord } from '../../../src/transcript/index.ts';
import { type LoadingRedis, startLoadingRedis } from '../../support/loading-redis.ts';
import { findRedisServer, holdUp } from '../../support/redis.ts';
import { type RedisStores, redisStores } from '../../support/redis-stores.ts';
import type { StoreProcess } from '../../support/store-processes.ts';

const eventually = <T>(what: () => T | Promise<T>, timeout = 15_000) => expect.poll(what, { interval: 10, timeout });
/** Half of it is for a busy machine. */
const WITHIN_LEASE_MS = STORE_TIMES.leaseMs;

const redisServer = findRedisServer();
const servers = redisServer === undefined ? [] : [redisServer];

describe.each(servers)('with %s', (binary) => {
  let own: RedisStores<LoadingRedis>;
  redisStores(
    () => startLoadingRedis(binary),
    (given) => {
      own = given;
    },
  );
  let published: CallRecord[];

  beforeEach(() => {
    published = [];
  });

  /** With the times of production: what is judged is who is back within the lease. */
  const start = (): Promise<StoreProcess> =>
    own.start({
      clock: systemClock,
      publish: async (record) => {
        published.push(record);
      },
    });

  const errors = async ({ metrics }: StoreProcess): Promise<number> =>
    Number(/callbridge_store_errors_total (\d+)/.exec(await metrics.text())?.[1]);

  const entriesInRedis = async (callId: string): Promise<number> => {
    const connection = connectRedis(own.redis.url, {});
    const count = await connection.llen(`callbridge:entries:${callId}`);
    connection.disconnect();
    return count;
  };

  test('a process that starts meanwhile takes calls, and the others find them once Redis has loaded', async () => {
    await own.redis.restart();
    const one = await start();
    expect(one.store.away).toBe(true);
    await one.begin('CA1');
    expect(await one.store.look('CA1')).toMatchObject({ state: 'running', holder: 'here' });
    await own.redis.load();
    await eventually(() => one.store.away, WITHIN_LEASE_MS).toBe(false);
    const other = await start();
    await eventually(() => other.store.look('CA1')).toMatchObject({ state: 'running', holder: 'elsewhere' });
  });

  test('nobody is taken for dead who waited for it, however long it said that it would take', async () => {
    const one = await start();
    await one.begin('CA1');
    const other = await start();
    await eventually(() => other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    await own.redis.save();
    await own.redis.restart();
    for (const { store } of own.processes) await eventually(() => store.away).toBe(true);
    // Of a call that is not its own a process knows nothing, and so not that it has ended.
    expect(await other.store.look('CA1')).toEqual({ state: 'unknown' });
    // Beats that failed: after two seconds of loading, Redis has said of itself that it will take minutes.
    for (const process of own.processes) await eventually(() => errors(process)).toBeGreaterThan(4);
    await own.redis.load();
    for (const { store } of own.processes) await eventually(() => store.away, WITHIN_LEASE_MS).toBe(false);
    await eventually(() => other.store.look('CA1')).toMatchObject({ state: 'running', holder: 'elsewhere' });
    expect(own.processes.map(({ told }) => told)).toEqual([[], []]);
  });

  test('what it forgot, as it had not saved it, it is told again, of calls too in which nothing is said', async () => {
    const one = await start();
    const { transcript } = await one.begin('CA1');
    await eventually(() => entriesInRedis('CA1')).toBe(2);
    await own.redis.save();
    transcript.collector.digit('7', systemClock.nowMs());
    await one.begin('CA2');
    await eventually(async () => [await entriesInRedis('CA1'), await entriesInRedis('CA2')]).toEqual([3, 2]);
    await own.redis.restart();
    await eventually(() => one.store.away).toBe(true);
    await own.redis.load();
    await eventually(async () => [await entriesInRedis('CA1'), await entriesInRedis('CA2')]).toEqual([3, 2]);
    expect(one.told).toEqual([]);
  });

  test('a call that ends meanwhile has its record, once, and has ended for the others, too', async () => {
    const [one, other] = [await start(), await start()];
    const { transcript } = await one.begin('CA1');
    await eventually(() => other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    await own.redis.save();
    await own.redis.restart();
    await eventually(() => one.store.away).toBe(true);
    transcript.collector.end({ kind: 'callerGone' }, systemClock.nowMs());
    transcript.close();
    await one.store.end('CA1', 'hangUp');
    await own.redis.load();
    await eventually(() => other.store.look('CA1')).toEqual({ state: 'ended', answer: 'hangUp' });
    expect(published).toMatchObject([{ callId: 'CA1', outcome: { kind: 'callerGone' } }]);
    expect(own.processes.map(({ told }) => told)).toEqual([[], []]);
  });

  test('held up by a script for longer than a lease, it takes nobody for dead, and is told what happened meanwhile', async () => {
    const [one, other] = [await start(), await start()];
    const { transcript } = await one.begin('CA1');
    await eventually(() => other.store.look('CA1')).toMatchObject({ holder: 'elsewhere' });
    const admin = connectRedis(own.redis.url, {});
    await holdUp(admin);
    for (const { store } of own.processes) await eventually(() => store.away).toBe(true);
    transcript.collector.digit('7', systemClock.nowMs());
    expect(await one.store.look('CA1')).toMatchObject({ state: 'running', holder: 'here' });
    for (const process of own.processes) await eventually(() => errors(process)).toBeGreaterThan(4);
    await admin.script('KILL');
    admin.disconnect();
    for (const { store } of own.processes) await eventually(() => store.away, WITHIN_LEASE_MS).toBe(false);
    await eventually(() => entriesInRedis('CA1')).toBe(3);
    expect(own.processes.map(({ told }) => told)).toEqual([[], []]);
  });
});
