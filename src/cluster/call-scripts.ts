/**
 * What Redis holds of running calls, and each step on it as one script. Keys are those of a single Redis, or of a primary
 * with replicas: the scripts make them.
 *
 *   callbridge:processes      sorted set: process → its last beat, by Redis's clock
 *   callbridge:leaving        set: processes that are told to stop, until they are gone
 *   callbridge:calls:<p>      set: the calls that process p holds, or ended and has not published; p is `-` for those let go
 *   callbridge:lost:<p>       set: calls that were taken from p, until p knows
 *   callbridge:call:<id>      hash: state, facts, holder, epoch, total, base, and answer | claim, claimUntil, orphanedAt | releasedAt
 *   callbridge:entries:<id>   list: entries of the transcript as JSON, oldest first
 *
 * `epoch` grows with each holder: it is the time of taking, or one more than the last, so that it grows also when Redis has
 * forgotten everything. `total` counts all entries that were ever appended; `base`, those of earlier holders.
 */
import { defineScript, REDIS_CLOCK, type Redis, type Script } from '../redis/index.ts';

/** A call is hung up after four hours at most: what nobody touched for longer is a leftover. */
const CALL_TTL_MS = 5 * 60 * 60_000;
/** Four hours of lively talk are 12,000. Beyond this the oldest but the first goes. */
const MAX_ENTRIES = 20_000;

const PRELUDE = `${REDIS_CLOCK}local function key(kind, id) return 'callbridge:' .. kind .. ':' .. id end
local PROCESSES, LEAVING, TTL, MAX = 'callbridge:processes', 'callbridge:leaving', ${CALL_TTL_MS}, ${MAX_ENTRIES}
local function whole(number) return string.format('%.0f', number) end
local function fields(id, ...) return redis.call('HMGET', key('call', id), ...) end
local function touch(id)
  redis.call('PEXPIRE', key('call', id), TTL)
  redis.call('PEXPIRE', key('entries', id), TTL)
end
local function push(id, total, from)
  local entries = key('entries', id)
  for i = from, #ARGV do
    redis.call('RPUSH', entries, ARGV[i])
    total = total + 1
  end
  if redis.call('LLEN', entries) > MAX then
    local first = redis.call('LINDEX', entries, 0)
    redis.call('LTRIM', entries, 1 - MAX, -1)
    redis.call('LPUSH', entries, first)
  end
  redis.call('HSET', key('call', id), 'total', whole(total))
  touch(id)
  return total
end
local function unclaim(id) redis.call('HDEL', key('call', id), 'claim', 'claimUntil', 'orphanedAt', 'releasedAt') end
-- From now on held by me; whoever had it hears of it.
local function hold(id, me, epoch, facts)
  local known = fields(id, 'holder', 'epoch', 'total')
  local holder = known[1]
  if epoch > tonumber(known[2] or 0) then redis.call('HSET', key('call', id), 'base', known[3] or '0') end
  if holder and holder ~= me then
    redis.call('SREM', key('calls', holder == '' and '-' or holder), id)
    if holder ~= '' then
      redis.call('SADD', key('lost', holder), id)
      redis.call('PEXPIRE', key('lost', holder), TTL)
    end
  end
  redis.call('SREM', key('lost', me), id)
  redis.call('SADD', key('calls', me), id)
  redis.call('HSET', key('call', id), 'holder', me, 'epoch', whole(epoch))
  if facts then redis.call('HSET', key('call', id), 'facts', facts) end
  unclaim(id)
  touch(id)
end
`;

/** id, me, wallMs, facts → [ended] or [taken, epoch, total, entries] */
const TAKE = `
local id, me = ARGV[1], ARGV[2]
local known = fields(id, 'state', 'epoch', 'total')
if known[1] == 'ended' then return { 'ended' } end
local epoch = math.max(tonumber(known[2] or 0) + 1, tonumber(ARGV[3]))
hold(id, me, epoch, ARGV[4])
redis.call('HSET', key('call', id), 'state', 'running')
return { 'taken', whole(epoch), known[3] or '0', redis.call('LRANGE', key('entries', id), 0, -1) }
`;

/**
 * id, me, wallMs, beats before which a process is dead → [no] or [taken, epoch, total, entries, state, answer, facts]. Asked again by a
 * process that it was given to, and that did not hear of that.
 */
const INHERIT = `
local id, me = ARGV[1], ARGV[2]
local known = fields(id, 'state', 'epoch', 'total', 'holder', 'answer', 'facts')
if not known[1] then return { 'no' } end
if known[4] == me then
  if redis.call('SISMEMBER', key('calls', me), id) == 0 then return { 'no' } end
elseif known[4] ~= '' and tonumber(redis.call('ZSCORE', PROCESSES, known[4]) or 0) > tonumber(ARGV[4]) then return { 'no' } end
local epoch = math.max(tonumber(known[2]) + 1, tonumber(ARGV[3]))
hold(id, me, epoch)
local entries = redis.call('LRANGE', key('entries', id), 0, -1)
return { 'taken', whole(epoch), known[3] or '0', entries, known[1], known[5] or '', known[6] }
`;

/** id, epoch, index of the first entry, entries → [unknown], [fenced] or [taken, total] */
const APPEND = `
local id = ARGV[1]
local known = fields(id, 'epoch', 'total')
if not known[1] or tonumber(known[1]) < tonumber(ARGV[2]) then return { 'unknown' } end
if tonumber(known[1]) > tonumber(ARGV[2]) then return { 'fenced' } end
local total, index = tonumber(known[2] or 0), tonumber(ARGV[3])
if index > total then return { 'unknown' } end
unclaim(id)
return { 'taken', whole(push(id, total, 4 + total - index)) }
`;

/**
 * id, me, epoch, facts, 'all' or 'own', entries → [fenced] or [taken, total]. They take the place of all, or of what came since the
 * call was taken: however often they are sent. Without any, what there is stays.
 */
const RESTORE = `
local id, me = ARGV[1], ARGV[2]
local known = fields(id, 'epoch', 'total')
if known[1] and tonumber(known[1]) > tonumber(ARGV[3]) then return { 'fenced' } end
hold(id, me, tonumber(ARGV[3]), ARGV[4])
local total = tonumber(known[2] or 0)
if #ARGV > 5 and ARGV[5] == 'all' then
  redis.call('DEL', key('entries', id))
  total = 0
elseif #ARGV > 5 then
  local base = tonumber(fields(id, 'base')[1] or total)
  redis.call('LTRIM', key('entries', id), 0, base - total - 1)
  total = base
end
redis.call('HSET', key('call', id), 'state', 'running')
return { 'taken', whole(push(id, total, 6)) }
`;

/** id, me, epoch, for how much longer than others it waits → [unknown], [fenced] or [taken] */
const RELEASE = `
local id, me = ARGV[1], ARGV[2]
local known = fields(id, 'epoch')
if not known[1] or tonumber(known[1]) < tonumber(ARGV[3]) then return { 'unknown' } end
if tonumber(known[1]) > tonumber(ARGV[3]) then return { 'fenced' } end
redis.call('SREM', key('calls', me), id)
redis.call('SADD', key('calls', '-'), id)
unclaim(id)
redis.call('HSET', key('call', id), 'holder', '', 'releasedAt', whole(now() + tonumber(ARGV[4])))
touch(id)
return { 'taken' }
`;

/** id, me, epoch, answer, for how long, facts → [fenced] or [taken, total]. What is not published yet stays until it is. */
const END = `
local id, me = ARGV[1], ARGV[2]
local known = fields(id, 'epoch', 'total')
if known[1] and tonumber(known[1]) > tonumber(ARGV[3]) then return { 'fenced' } end
hold(id, me, tonumber(ARGV[3]), ARGV[6])
redis.call('HSET', key('call', id), 'state', 'ended', 'answer', ARGV[4])
local total = tonumber(known[2] or 0)
if total == 0 then
  redis.call('SREM', key('calls', me), id)
  redis.call('PEXPIRE', key('call', id), ARGV[5])
end
return { 'taken', whole(total) }
`;

/** id, me, epoch, for how long the ended call is remembered */
const PUBLISHED = `
local id, me = ARGV[1], ARGV[2]
if fields(id, 'epoch')[1] ~= ARGV[3] then return { 'fenced' } end
redis.call('SREM', key('calls', me), id)
redis.call('DEL', key('entries', id))
redis.call('HSET', key('call', id), 'total', '0')
redis.call('PEXPIRE', key('call', id), ARGV[4])
return { 'taken' }
`;

/** id, me, beats before which a process is dead → [state, holder, facts, answer, epoch, the holder's id, its last entry] */
const LOOK = `
local known = fields(ARGV[1], 'state', 'holder', 'facts', 'answer', 'epoch')
if not known[1] then return { 'unknown' } end
local holder = 'elsewhere'
if known[2] == ARGV[2] then holder = 'here'
elseif known[2] == '' then holder = 'none'
elseif tonumber(redis.call('ZSCORE', PROCESSES, known[2]) or 0) <= tonumber(ARGV[3]) then holder = 'dead' end
return { known[1], holder, known[3], known[4] or '', known[5], known[2], redis.call('LINDEX', key('entries', ARGV[1]), -1) or '' }
`;

/** how many at most → the facts of calls that run */
const RUNNING = `
local running, max = {}, tonumber(ARGV[1])
local processes = redis.call('ZRANGE', PROCESSES, 0, -1)
processes[#processes + 1] = '-'
for _, process in ipairs(processes) do
  for _, id in ipairs(redis.call('SMEMBERS', key('calls', process))) do
    local known = fields(id, 'state', 'facts')
    if #running < max and known[1] == 'running' then running[#running + 1] = known[2] end
  end
end
return running
`;

/** id → its entries */
const ENTRIES = `return redis.call('LRANGE', key('entries', ARGV[1]), 0, -1)`;

/** me, 'stays' or 'leaves', calls known to be lost → [this process's last beat that Redis knew, its time, calls lost] */
const RENEW = `
local me = ARGV[1]
if ARGV[2] == 'leaves' then redis.call('SADD', LEAVING, me) end
for i = 3, #ARGV do redis.call('SREM', key('lost', me), ARGV[i]) end
local known = redis.call('ZSCORE', PROCESSES, me)
local at = whole(now())
redis.call('ZADD', PROCESSES, at, me)
return { known or '0', at, redis.call('SMEMBERS', key('lost', me)) }
`;

/** me, beats before which a process is dead, how long a claim lasts, how long a call that was let go waits → [[id, state, facts, ms since], calls of mine] */
const SWEEP = `
local me, at, claims = ARGV[1], now(), {}
local function claim(id, process)
  local known = fields(id, 'state', 'holder', 'facts', 'claim', 'claimUntil', 'orphanedAt', 'releasedAt')
  local holder = process == '-' and '' or process
  if not known[1] or known[2] ~= holder then
    redis.call('SREM', key('calls', process), id)
    return
  end
  if process == '-' and at - tonumber(known[7] or 0) < tonumber(ARGV[4]) then return end
  if known[4] and known[4] ~= me and tonumber(known[5]) > at then return end
  local since = tonumber(known[6] or known[7] or at)
  redis.call('HSET', key('call', id), 'claim', me, 'claimUntil', whole(at + tonumber(ARGV[3])), 'orphanedAt', whole(since))
  claims[#claims + 1] = { id, known[1], known[3], whole(at - since) }
end
for _, process in ipairs(redis.call('ZRANGEBYSCORE', PROCESSES, '-inf', ARGV[2])) do
  local calls = redis.call('SMEMBERS', key('calls', process))
  if #calls == 0 and process ~= me then
    redis.call('ZREM', PROCESSES, process)
    redis.call('SREM', LEAVING, process)
    redis.call('DEL', key('lost', process))
  end
  if process ~= me then for _, id in ipairs(calls) do claim(id, process) end end
end
for _, id in ipairs(redis.call('SMEMBERS', key('calls', '-'))) do claim(id, '-') end
return { claims, redis.call('SMEMBERS', key('calls', me)) }
`;

/** me, beats before which a process is dead → how many others live, and stay */
const NEIGHBOURS = `
local count = 0
for _, process in ipairs(redis.call('ZRANGEBYSCORE', PROCESSES, '(' .. ARGV[2], '+inf')) do
  if process ~= ARGV[1] and redis.call('SISMEMBER', LEAVING, process) == 0 then count = count + 1 end
end
return count
`;

/** me. What it has ended and not published is for others to finish, at once. */
const LEAVE = `
local me = ARGV[1]
if redis.call('SCARD', key('calls', me)) == 0 then
  redis.call('ZREM', PROCESSES, me)
  redis.call('SREM', LEAVING, me)
else redis.call('ZADD', PROCESSES, 0, me) end
return { 'taken' }
`;

const SCRIPTS = {
  take: TAKE,
  inherit: INHERIT,
  append: APPEND,
  restore: RESTORE,
  release: RELEASE,
  end: END,
  published: PUBLISHED,
  look: LOOK,
  running: RUNNING,
  entries: ENTRIES,
  renew: RENEW,
  sweep: SWEEP,
  neighbours: NEIGHBOURS,
  leave: LEAVE,
} as const;

export type CallScripts = Readonly<Record<keyof typeof SCRIPTS, Script>>;

export function defineCallScripts(redis: Redis): CallScripts {
  const scripts = Object.entries(SCRIPTS).map(([name, lua]) => {
    const command = `callbridge${name}`;
    return [name, defineScript(redis, command, PRELUDE + lua)];
  });
  return Object.fromEntries(scripts) as CallScripts;
}
