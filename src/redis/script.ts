/** A Lua script as a function: one step for Redis, whatever others ask meanwhile. */
import type { Redis } from 'ioredis';

export type Script = (...args: readonly (string | number)[]) => Promise<unknown>;

/** Redis remembers the script by its hash; ioredis sends it again to one that has forgotten. Keys are made in the script. */
export function defineScript(redis: Redis, name: string, lua: string): Script {
  redis.defineCommand(name, { numberOfKeys: 0, lua });
  const commands = redis as unknown as Record<string, Script>;
  return (...args) => commands[name]!.call(redis, ...args);
}
