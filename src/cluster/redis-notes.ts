/** Notes in Redis. What this process notes it keeps as well, for when Redis is away. */
import * as z from 'zod';
import type { Clock } from '../lib/index.ts';
import { defineScript, REDIS_CLOCK } from '../redis/index.ts';
import { createLocalNotes, type Notes } from './notes.ts';
import type { RedisLink } from './redis-link.ts';

/**
 *   callbridge:note:<key>    hash: rank, value
 *   callbridge:notes:<list>  sorted set: key → when the note expires, by Redis's clock
 *
 * A single Redis, as for calls.
 */
const PRELUDE = `${REDIS_CLOCK}local function name(key) return 'callbridge:note:' .. key end
`;

/** key, rank, value, for how long, list or nothing, 1 or 0 → the value that stands in its way, or nothing */
const NOTE = `
local key, list = name(ARGV[1]), 'callbridge:notes:' .. ARGV[5]
local known = redis.call('HMGET', key, 'rank', 'value')
if known[1] and tonumber(known[1]) >= tonumber(ARGV[2]) then return { known[2] } end
redis.call('HSET', key, 'rank', ARGV[2], 'value', ARGV[3])
redis.call('PEXPIRE', key, ARGV[4])
if ARGV[5] == '' then return {} end
if ARGV[6] == '1' then
  redis.call('ZADD', list, string.format('%.0f', now() + tonumber(ARGV[4])), ARGV[1])
  redis.call('PEXPIRE', list, ARGV[4])
else redis.call('ZREM', list, ARGV[1]) end
return {}
`;

/** list, max → values */
const LIST = `
local list, values = 'callbridge:notes:' .. ARGV[1], {}
redis.call('ZREMRANGEBYSCORE', list, '-inf', string.format('%.0f', now()))
for _, key in ipairs(redis.call('ZREVRANGE', list, 0, tonumber(ARGV[2]) - 1)) do
  local value = redis.call('HGET', name(key), 'value')
  if value then values[#values + 1] = value end
end
return values
`;

const standing = z.array(z.string());

export function createRedisNotes({ link, clock }: { readonly link: RedisLink; readonly clock: Clock }): Notes {
  const { redis } = link;
  const note = defineScript(redis, 'callbridgenote', PRELUDE + NOTE);
  const list = defineScript(redis, 'callbridgenotelist', PRELUDE + LIST);
  const own = createLocalNotes(clock);
  const orOwn = async <T>(ask: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> => {
    try {
      return await link.ask(ask);
    } catch {
      return otherwise();
    }
  };
  return {
    async note(key, wanted) {
      const inOwn = await own.note(key, wanted);
      const { rank, value, forMs, listed } = wanted;
      return orOwn(
        async () => standing.parse(await note(key, rank, value, forMs, listed?.list ?? '', listed?.on ? 1 : 0))[0],
        async () => inOwn,
      );
    },
    get: (key) =>
      orOwn(
        async () => (await redis.hget(`callbridge:note:${key}`, 'value')) ?? own.get(key),
        () => own.get(key),
      ),
    async forget(key) {
      await own.forget(key);
      await orOwn(
        async () => void (await redis.del(`callbridge:note:${key}`)),
        async () => undefined,
      );
    },
    list: (name, max) =>
      orOwn(
        async () => standing.parse(await list(name, max)),
        () => own.list(name, max),
      ),
  };
}
