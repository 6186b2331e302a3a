/** What Redis says of a call whose journal is to become a record. */
import type { Entry, Whereabouts } from '../transcript/index.ts';
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
}

export function redisWhereabouts(options: RedisWhereaboutsOptions): Whereabouts {
  const { link, scripts, writes, handlers, lookInRedis, isTaken } = options;

  const holderOf = async (callId: string) => {
    const looked = lookedSchema.safeParse(await lookInRedis(callId));
    return looked.success ? { state: looked.data[0], holder: looked.data[1] } : undefined;
  };

  /** What is published is not there any more: then there is nothing to compare. */
  const lacks = async (callId: string, last: Entry): Promise<boolean> => {
    const stored = entriesOf((await link.ask(() => scripts.entries(callId))) as string[]);
    const json = JSON.stringify(last);
    return stored.length > 0 && stored.every((entry) => JSON.stringify(entry) !== json);
  };

  return {
    async isFenced(callId) {
      const call = writes.calls.get(callId);
      try {
        // Not held: a journal that was found here. A process that lives makes the record of what it has.
        if (call === undefined) return (await holderOf(callId))?.holder === 'elsewhere';
        return call.fenced || (await isTaken(callId, call));
      } catch {
        return false;
      }
    },
    async judge(callId, last) {
      try {
        const known = await holderOf(callId);
        if (known === undefined) return 'unknown';
        if (known.state === 'running' && (known.holder === 'dead' || known.holder === 'none')) return 'open';
        return last !== undefined && (await lacks(callId, last)) ? 'lacking' : 'elsewhere';
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
      if (call.fenced) writes.calls.delete(callId);
      void writes.flush();
    },
  };
}
