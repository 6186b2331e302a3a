/** What counted places promise, held to each kind: of one process, and over Redis on every Redis there is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLocalSlots, type Slots } from '../../src/cluster/index.ts';
import { RedisLink } from '../../src/cluster/redis-link.ts';
import { createRedisNonces } from '../../src/cluster/redis-nonces.ts';
import { createRedisSlots } from '../../src/cluster/redis-slots.ts';
import { systemClock } from '../../src/lib/index.ts';
import { connectRedis } from '../../src/redis/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import { findRedisServer, startJsRedis, startRedisServer, type TestRedis } from '../support/redis.ts';
import { mortal } from '../support/store-processes.ts';

const logger = createLogger({ level: 'silent' });
/** Longer than a busy machine holds a timer up. */
const LEASE_MS = 900;

/** The slots of one process, and its death. */
function redisProcess(url: string, processId: string) {
  const redis = connectRedis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  const { clock, stop } = mortal(systemClock);
  const metrics = createMetrics();
  const link = new RedisLink({ redis, clock: systemClock, logger, metrics });
  const slots = createRedisSlots({ link, redis, processId, clock, leaseMs: LEASE_MS });
  const die = (): void => {
    stop();
    redis.disconnect();
  };
  return { slots, link, metrics, die };
}

const redisServer = findRedisServer();
const servers: [string, () => Promise<TestRedis>][] = [['js-redis-server', startJsRedis]];
if (redisServer !== undefined) servers.push(['redis-server', () => startRedisServer(redisServer)]);

const oneProcess = async () => ({ slots: createLocalSlots(), stop: () => Promise.resolve() });
const overRedis = (start: () => Promise<TestRedis>) => async () => {
  const redis = await start();
  const { slots, die } = redisProcess(redis.url, 'one');
  return {
    slots,
    async stop() {
      die();
      await redis.stop();
    },
  };
};

describe.each<[string, () => Promise<{ slots: Slots; stop(): Promise<void> }>]>([
  ['one process', oneProcess],
  ...servers.map(([name, start]): [string, ReturnType<typeof overRedis>] => [name, overRedis(start)]),
])('places on %s', (_name, open) => {
  let slots: Slots;
  let stop: () => Promise<void>;
  beforeEach(async () => {
    ({ slots, stop } = await open());
  });
  afterEach(async () => {
    await slots.close();
    await stop();
  });

  test('are as many as the limit says, and free again when they are given back', async () => {
    expect(await slots.take('agent', 2, 'CA1')).toBe(true);
    expect(await slots.take('agent', 2, 'CA2')).toBe(true);
    expect(await slots.take('agent', 2, 'CA3')).toBe(false);
    expect(await slots.take('other', 1, 'CA3')).toBe(true);
    slots.give('agent', 'CA1');
    expect(await slots.take('agent', 2, 'CA3')).toBe(true);
  });

  test('are taken once by each holder, and given back once, however often that is asked', async () => {
    for (let time = 0; time < 3; time++) expect(await slots.take('agent', 1, 'CA1')).toBe(true);
    slots.give('agent', 'CA2');
    expect(await slots.take('agent', 1, 'CA2')).toBe(false);
    slots.give('agent', 'CA1');
    slots.give('agent', 'CA1');
    expect(await slots.take('agent', 1, 'CA2')).toBe(true);
  });

  test('are none when the limit is none', async () => {
    expect(await slots.take('agent', 0, 'CA1')).toBe(false);
  });
});

describe.each(servers)('over %s', (name, start) => {
  let redis: TestRedis;
  let stopped = false;
  const stopRedis = async (): Promise<void> => {
    if (!stopped) await redis.stop();
    stopped = true;
  };
  const processes: ReturnType<typeof redisProcess>[] = [];
  const open = () => {
    const process = redisProcess(redis.url, `process ${processes.length}`);
    processes.push(process);
    return process;
  };
  beforeEach(async () => {
    redis = await start();
    stopped = false;
  });
  afterEach(async () => {
    for (const { die } of processes.splice(0)) die();
    await stopRedis();
  });

  test('places are counted over all processes, kept by those that live, and freed when their process dies', async () => {
    const [one, other] = [open(), open()];
    expect(await one.slots.take('key', 1, 'CA1')).toBe(true);
    const heldSinceMs = systemClock.nowMs();
    const taken: boolean[] = [];
    const ask = async (): Promise<number> => {
      taken.push(await other.slots.take('key', 1, 'CA2'));
      return systemClock.nowMs() - heldSinceMs;
    };
    await expect.poll(ask, { interval: 20, timeout: 10_000 }).toBeGreaterThan(1.3 * LEASE_MS);
    expect(new Set(taken)).toEqual(new Set([false]));
    one.die();
    await expect.poll(() => other.slots.take('key', 1, 'CA2'), { interval: 20, timeout: 10_000 }).toBe(true);
  });

  test('a call that goes on in another process keeps its place, which the process that it left cannot give back', async () => {
    const [one, other, third] = [open(), open(), open()];
    expect(await one.slots.take('key', 1, 'CA1')).toBe(true);
    expect(await other.slots.take('key', 1, 'CA1')).toBe(true);
    one.slots.give('key', 'CA1');
    expect(await one.slots.take('key', 1, 'CA2')).toBe(false);
    other.slots.give('key', 'CA1');
    await expect.poll(() => third.slots.take('key', 1, 'CA2'), { interval: 20, timeout: 10_000 }).toBe(true);
  });

  // The other server waits for its clients to leave, as a real one that dies does not.
  if (name === 'redis-server') {
    test('while Redis is away each process counts its own, so that calls are taken', async () => {
      const { slots, metrics } = open();
      expect(await slots.take('key', 2, 'CA1')).toBe(true);
      await stopRedis();
      expect(await slots.take('key', 2, 'CA2')).toBe(true);
      expect(await slots.take('key', 2, 'CA3')).toBe(false);
      expect(await metrics.text()).toMatch(/callbridge_store_errors_total [1-9]/);
    });
  }

  test('a token that one process has let in is refused by the others, and by the same one', async () => {
    const claims = [open(), open()].map(({ link }) => {
      const seen = new Set<string>();
      const own = { claim: (nonce: string) => !seen.has(nonce) && seen.add(nonce).size > 0 };
      return createRedisNonces({ link, clock: systemClock, own });
    });
    const untilMs = systemClock.nowMs() + 1_000;
    expect(await claims[0]!.claim('a', untilMs)).toBe(true);
    expect(await claims[1]!.claim('a', untilMs)).toBe(false);
    expect(await claims[1]!.claim('b', untilMs)).toBe(true);
    expect(await claims[1]!.claim('b', untilMs)).toBe(false);
  });
});
