/** Counted places that all processes share: leases in Redis, which run out by themselves when their process dies. */
import type { Clock } from '../lib/index.ts';
import { defineScript, REDIS_CLOCK, type Redis } from '../redis/index.ts';
import type { RedisLink } from './redis-link.ts';
import { HeldSlots, type Slots } from './slots.ts';

/** Three renewals missed. A place that is free fifteen seconds late costs one caller a busy answer at worst. */
export const SLOT_LEASE_MS = 15_000;
const RENEWALS = 3;

/**
 *   callbridge:slots:<name>        sorted set: holder → the end of its lease, by Redis's clock
 *   callbridge:slotowners:<name>   hash: holder → the process that asked for it last
 *
 * A call that goes on in another process keeps its place, and the process that it has left cannot give that back. A single
 * Redis, as for calls.
 */
const PRELUDE = `${REDIS_CLOCK}local slots, owners = 'callbridge:slots:' .. ARGV[1], 'callbridge:slotowners:' .. ARGV[1]
local function hold(holder, me, lease)
  redis.call('ZADD', slots, string.format('%.0f', now() + tonumber(lease)), holder)
  redis.call('HSET', owners, holder, me)
end
local function drop(holder)
  redis.call('ZREM', slots, holder)
  redis.call('HDEL', owners, holder)
end
local function touch(lease)
  redis.call('PEXPIRE', slots, lease)
  redis.call('PEXPIRE', owners, lease)
end
`;

/** name, me, limit, holder, lease → 1 or 0 */
const TAKE = `
for _, holder in ipairs(redis.call('ZRANGEBYSCORE', slots, '-inf', string.format('%.0f', now()))) do drop(holder) end
if not redis.call('ZSCORE', slots, ARGV[4]) and redis.call('ZCARD', slots) >= tonumber(ARGV[3]) then return 0 end
hold(ARGV[4], ARGV[2], ARGV[5])
touch(ARGV[5])
return 1
`;

/** name, me, lease, holders: renews those that are mine, also where Redis has forgotten them. */
const RENEW = `
for i = 4, #ARGV do
  local owner = redis.call('HGET', owners, ARGV[i])
  if not owner or owner == ARGV[2] then hold(ARGV[i], ARGV[2], ARGV[3]) end
end
touch(ARGV[3])
return 1
`;

/** name, me, holder */
const GIVE = `
local owner = redis.call('HGET', owners, ARGV[3])
if owner and owner ~= ARGV[2] then return 0 end
drop(ARGV[3])
return 1
`;

export interface RedisSlotsOptions {
  readonly link: RedisLink;
  readonly redis: Redis;
  readonly processId: string;
  readonly clock: Clock;
  readonly leaseMs?: number;
}

/** While Redis is away, what this process itself holds is counted: calls are taken rather than refused. */
export function createRedisSlots({ link, redis, processId, clock, leaseMs = SLOT_LEASE_MS }: RedisSlotsOptions): Slots {
  const take = defineScript(redis, 'callbridgeslottake', PRELUDE + TAKE);
  const renew = defineScript(redis, 'callbridgeslotrenew', PRELUDE + RENEW);
  const give = defineScript(redis, 'callbridgeslotgive', PRELUDE + GIVE);
  const held = new HeldSlots();
  const told = (command: () => Promise<unknown>): void => {
    // A place that was not given back, or not renewed, runs out; what went wrong is told by the link.
    void link.ask(command).catch(() => undefined);
  };
  const cancel = clock.every(leaseMs / RENEWALS, () => {
    for (const [name, holders] of held.all()) told(() => renew(name, processId, leaseMs, ...holders));
  });

  return {
    async take(name, limit, holder) {
      let granted: boolean;
      try {
        granted = (await link.ask(() => take(name, processId, limit, holder, leaseMs))) === 1;
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
      told(() => give(name, processId, holder));
    },
    close() {
      cancel();
      for (const [name, holders] of held.all()) for (const holder of holders) told(() => give(name, processId, holder));
      return Promise.resolve();
    },
  };
}
