/** Counted places that all processes share: leases in Redis, which run out by themselves when their process dies. */
import type { Clock } from '../lib/index.ts';
import { defineScript, type Redis } from '../redis/index.ts';
import type { RedisLink } from './redis-link.ts';
import { HeldSlots, type Slots } from './slots.ts';

/** Three renewals missed. A place that is free fifteen seconds late costs one caller a busy answer at worst. */
export const SLOT_LEASE_MS = 15_000;
const RENEWALS = 3;

/**
 * callbridge:slots:<name> is a sorted set: holder → the end of its lease, by Redis's clock. A single Redis, as for calls.
 * name, limit, holder, lease → 1 or 0
 */
const TAKE = `
local slots = 'callbridge:slots:' .. ARGV[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', slots, '-inf', string.format('%.0f', now))
if not redis.call('ZSCORE', slots, ARGV[3]) and redis.call('ZCARD', slots) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', slots, string.format('%.0f', now + tonumber(ARGV[4])), ARGV[3])
redis.call('PEXPIRE', slots, ARGV[4])
return 1
`;

/** name, lease, holders: renews them, also where Redis has forgotten them. */
const RENEW = `
local slots = 'callbridge:slots:' .. ARGV[1]
local time = redis.call('TIME')
local untilMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[2])
for i = 3, #ARGV do redis.call('ZADD', slots, string.format('%.0f', untilMs), ARGV[i]) end
redis.call('PEXPIRE', slots, ARGV[2])
return 1
`;

/** name, holder */
const GIVE = `return redis.call('ZREM', 'callbridge:slots:' .. ARGV[1], ARGV[2])`;

export interface RedisSlotsOptions {
  readonly link: RedisLink;
  readonly redis: Redis;
  readonly clock: Clock;
  readonly leaseMs?: number;
}

/** While Redis is away, what this process itself holds is counted: calls are taken rather than refused. */
export function createRedisSlots({ link, redis, clock, leaseMs = SLOT_LEASE_MS }: RedisSlotsOptions): Slots {
  const take = defineScript(redis, 'callbridgeslottake', TAKE);
  const renew = defineScript(redis, 'callbridgeslotrenew', RENEW);
  const give = defineScript(redis, 'callbridgeslotgive', GIVE);
  const held = new HeldSlots();
  const told = (command: () => Promise<unknown>): void => {
    // A place that was not given back, or not renewed, runs out; what went wrong is told by the link.
    void link.ask(command).catch(() => undefined);
  };
  const cancel = clock.every(leaseMs / RENEWALS, () => {
    for (const [name, holders] of held.all()) told(() => renew(name, leaseMs, ...holders));
  });

  return {
    async take(name, limit, holder) {
      let granted: boolean;
      try {
        granted = (await link.ask(() => take(name, limit, holder, leaseMs))) === 1;
      } catch {
        return held.take(name, limit, holder);
      }
      // Only what is granted is renewed: a renewal asks for no limit.
      if (granted) held.add(name, holder);
      else held.give(name, holder);
      return granted;
    },
    give(name, holder) {
      held.give(name, holder);
      told(() => give(name, holder));
    },
    close() {
      cancel();
      for (const [name, holders] of held.all()) for (const holder of holders) told(() => give(name, holder));
      return Promise.resolve();
    },
  };
}
