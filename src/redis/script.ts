/** A Lua script as a function: one step for Redis, whatever others ask meanwhile. */
import type { Redis } from 'ioredis';

/** `now()`: Redis's own time in ms, of a script that begins with it. */
export const REDIS_CLOCK = `
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
`;

export type Script = (...args: readonly (string | number)[]) => Promise<unknown>;

/** Redis remembers the script by its hash; ioredis sends it again to one that has forgotten. Keys are made in the script. */
export function defineScript(redis: Redis, name: string, lua: string): Script {
  redis.defineCommand(name, { numberOfKeys: 0, lua });
  const commands = redis as unknown as Record<string, Script>;
  return (...args) => commands[name]!.call(redis, ...args);
}
