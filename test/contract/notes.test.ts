/** What notes promise, held to each kind: of one process, and over Redis on every Redis there is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SharedKeys } from '../../src/call/shared-keys.ts';
import { createLocalNotes, type Notes } from '../../src/cluster/index.ts';
import { RedisLink } from '../../src/cluster/redis-link.ts';
import { createRedisNotes } from '../../src/cluster/redis-notes.ts';
import { systemClock } from '../../src/lib/index.ts';
import { connectRedis } from '../../src/redis/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import { findRedisServer, startJsRedis, startRedisServer, type TestRedis } from '../support/redis.ts';

const LONG_MS = 60_000;
const logger = createLogger({ level: 'silent' });

interface Opened {
  readonly one: Notes;
  /** Those of another process; undefined where there is none. */
  readonly other: Notes | undefined;
  stop(): Promise<void>;
}

const overRedis = (start: () => Promise<TestRedis>) => async (): Promise<Opened> => {
  const server = await start();
  const clients = [1, 2].map(() => connectRedis(server.url, { enableOfflineQueue: false, maxRetriesPerRequest: 1 }));
  const [one, other] = clients.map((redis) =>
    createRedisNotes({
      link: new RedisLink({ redis, clock: systemClock, logger, metrics: createMetrics() }),
      clock: systemClock,
    }),
  );
  const stop = async (): Promise<void> => {
    for (const client of clients) client.disconnect();
    await server.stop();
  };
  return { one: one!, other, stop };
};

const redisServer = findRedisServer();
const kinds: [string, () => Promise<Opened>][] = [
  ['one process', async () => ({ one: createLocalNotes(systemClock), other: undefined, stop: async () => {} })],
  ['js-redis-server', overRedis(startJsRedis)],
];
if (redisServer !== undefined) kinds.push(['redis-server', overRedis(() => startRedisServer(redisServer))]);

describe.each(kinds)('notes on %s', (_name, open) => {
  let opened: Opened;
  let one: Notes;
  let other: Notes;
  beforeEach(async () => {
    opened = await open();
    one = opened.one;
    other = opened.other ?? opened.one;
  });
  afterEach(() => opened.stop());

  test('stand until one of a higher rank comes, and give back what stands in the way', async () => {
    expect(await one.note('a', { rank: 1, value: 'first', forMs: LONG_MS })).toBeUndefined();
    expect(await other.note('a', { rank: 1, value: 'same', forMs: LONG_MS })).toBe('first');
    expect(await other.note('a', { rank: 0, value: 'late', forMs: LONG_MS })).toBe('first');
    expect(await other.note('a', { rank: 2, value: 'next', forMs: LONG_MS })).toBeUndefined();
    expect(await one.get('a')).toBe('next');
    expect(await one.get('b')).toBeUndefined();
  });

  test('are forgotten, and made anew', async () => {
    await one.note('a', { rank: 3, value: 'first', forMs: LONG_MS });
    await one.forget('a');
    expect(await one.get('a')).toBeUndefined();
    expect(await one.note('a', { rank: 0, value: 'again', forMs: LONG_MS })).toBeUndefined();
  });

  test('have the keys of a call for all, the newest, until one takes them back', async () => {
    const [mine, others] = [new SharedKeys(one), new SharedKeys(other)];
    expect(await others.of('CA1')).toBeUndefined();
    await mine.share('CA1', '1');
    expect([await mine.of('CA1'), await others.of('CA1'), await others.of('CA2')]).toEqual(['1', '1', undefined]);
    await others.takeBack('CA1');
    expect([await mine.of('CA1'), await others.of('CA1')]).toEqual([undefined, undefined]);
    await others.share('CA1', '2#');
    expect([await mine.of('CA1'), await others.of('CA1')]).toEqual(['2#', '2#']);
  });

  test('are listed while they say so', async () => {
    const live = (on: boolean) => ({ list: 'live', on });
    await one.note('a', { rank: 0, value: 'a', forMs: LONG_MS, listed: live(true) });
    await other.note('b', { rank: 0, value: 'b', forMs: LONG_MS, listed: live(true) });
    await one.note('c', { rank: 0, value: 'c', forMs: LONG_MS });
    expect([...(await one.list('live', 10))].sort()).toEqual(['a', 'b']);
    expect(await one.list('live', 1)).toHaveLength(1);
    await other.note('a', { rank: 1, value: 'a over', forMs: LONG_MS, listed: live(false) });
    expect(await one.list('live', 10)).toEqual(['b']);
    expect(await one.list('other', 10)).toEqual([]);
  });
});

test('while Redis is away, a process has its own', async () => {
  const redis = connectRedis('redis://127.0.0.1:1', {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
  });
  const link = new RedisLink({ redis, clock: systemClock, logger, metrics: createMetrics() });
  const notes = createRedisNotes({ link, clock: systemClock });
  expect(
    await notes.note('a', { rank: 0, value: 'mine', forMs: LONG_MS, listed: { list: 'l', on: true } }),
  ).toBeUndefined();
  expect(await notes.note('a', { rank: 0, value: 'again', forMs: LONG_MS })).toBe('mine');
  expect([await notes.get('a'), await notes.list('l', 5)]).toEqual(['mine', ['mine']]);
  await notes.forget('a');
  expect(await notes.get('a')).toBeUndefined();
  redis.disconnect();
});
