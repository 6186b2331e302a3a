/** What Redis says of a call whose journal is to become a record. */
import type { Entry, JournalSeen, Whereabouts } from '../transcript/index.ts';
import { entriesOf, lookedSchema } from './answers.ts';
import type { CallScripts } from './call-scripts.ts';
import type { CallStoreHandlers } from './call-store.ts';
import type { RedisLink } from './redis-link.ts';
import type { HeldCall, WriteBehind } from './write-behind.ts';

export interface RedisWhereaboutsOptions {
  readonly link: RedisLink;
  readonly scripts: CallScripts;
  readonly writes: WriteBehind;
  readonly handlers: CallStoreHandlers;
  readonly lookInRedis: (callId: string) => Promise<unknown>;
  readonly isTaken: (callId: string, call: HeldCall) => Promise<boolean>;
  /** Another process has this call. */
  readonly fence: (call: HeldCall) => void;
}

export function redisWhereabouts(options: RedisWhereaboutsOptions): Whereabouts {
  const { link, scripts, writes, handlers, lookInRedis, isTaken, fence } = options;

  /** Within its lease Redis takes a dead process for a living one: who is back on its disk knows better. */
  const holderOf = async (callId: string, deadOwner?: string) => {
    const looked = lookedSchema.safeParse(await lookInRedis(callId));
    if (!looked.success) return undefined;
    const [state, holder, , , , id] = looked.data;
    return { state, holder: holder === 'elsewhere' && id === deadOwner ? 'dead' : holder };
  };

  /** What is published is not there any more: then there is nothing to compare. */
  const lacks = async (callId: string, last: Entry | undefined): Promise<boolean> => {
    if (last === undefined) return false;
    const stored = entriesOf((await link.ask(() => scripts.entries(callId))) as string[]);
    const json = JSON.stringify(last);
    return stored.length > 0 && stored.every((entry) => JSON.stringify(entry) !== json);
  };

  /** Of a journal that was found here. A process that lives makes the record of what it has; how the call ended, it says itself. */
  const isFoundFenced = async (callId: string, { entries, deadOwner }: JournalSeen) => {
    if ((await holderOf(callId, deadOwner))?.holder !== 'elsewhere') return 'no';
    const lastLine = entries.findLast(({ type }) => type === 'line');
    return (await lacks(callId, lastLine)) ? 'lacking' : 'whole';
  };

  return {
    async isFenced(callId, journal) {
      const call = writes.calls.get(callId);
      try {
        if (call === undefined) return await isFoundFenced(callId, journal);
        if (call.fenced === 'no' && (await isTaken(callId, call))) fence(call);
        return call.fenced;
      } catch {
        return 'no';
      }
    },
    async judge(callId, { entries, deadOwner }) {
      try {
        const known = await holderOf(callId, deadOwner);
        if (known === undefined) return 'unknown';
        // `here` without our having it: it was let go, and Redis has not heard of that.
        const isFree = known.holder === 'here' ? !writes.calls.has(callId) : known.holder !== 'elsewhere';
        if (known.state === 'running' && isFree) return 'open';
        return (await lacks(callId, entries.at(-1))) ? 'lacking' : 'elsewhere';
      } catch {
        return 'open';
      }
    },
    orphaned(callId, facts) {
      // What Redis knows of is told by the sweep, to one process of all.
      void holderOf(callId)
        .catch(() => undefined)
        .then((known) => {
          if (known === undefined) handlers.orphaned(callId, facts);
        });
    },
    published(callId) {
      const call = writes.calls.get(callId);
      if (call === undefined) return;
      call.published = true;
      if (call.fenced !== 'no') writes.calls.delete(callId);
      void writes.flush();
    },
  };
}
