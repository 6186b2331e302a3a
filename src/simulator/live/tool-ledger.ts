/** The function calls of a session that wait for an answer. An id that is not here, or no longer, is ignored. */
import type { Ids } from '../../lib/index.ts';
import type { FunctionResponse } from './client-messages.ts';
import type { ScenarioCall } from './scenario.ts';
import type { FunctionCall } from './server-messages.ts';

export type ToolBehavior = 'BLOCKING' | 'NON_BLOCKING';

export interface PlannedCall extends ScenarioCall {
  readonly behavior: ToolBehavior;
}

export interface ToolLedger {
  issue(calls: readonly PlannedCall[]): readonly FunctionCall[];
  /** What an answer makes the model do: nothing, when the id is unknown, or when more is to come. */
  settle(answer: FunctionResponse): 'ignored' | 'unfinished' | 'SILENT' | 'WHEN_IDLE' | 'INTERRUPT';
  /** Whether the model waits for an answer. */
  readonly blocked: boolean;
  /** Forgets the calls that the model waits for; their answers come too late. */
  dropBlocking(): readonly string[];
}

export function createToolLedger(ids: Ids): ToolLedger {
  const waiting = new Map<string, PlannedCall>();
  let issued = 0;
  const blockingIds = () => [...waiting].filter(([, { behavior }]) => behavior === 'BLOCKING').map(([id]) => id);
  /** An answer without an id is one to the oldest call of its name. */
  const idByName = (name: string | undefined) => [...waiting].find(([, call]) => call.name === name)?.[0] ?? '';
  return {
    issue: (calls) =>
      calls.map((call) => {
        const id = newId(ids, call.behavior, issued++);
        waiting.set(id, call);
        return { id, name: call.name, args: call.args };
      }),
    settle: ({ name, id = idByName(name), scheduling, willContinue }) => {
      const call = waiting.get(id);
      if (call === undefined) return 'ignored';
      if (willContinue === true) return 'unfinished';
      waiting.delete(id);
      // The model waits for this one, so there is nothing to schedule.
      return call.behavior === 'BLOCKING' ? 'WHEN_IDLE' : (scheduling ?? 'WHEN_IDLE');
    },
    get blocked() {
      return blockingIds().length > 0;
    },
    dropBlocking: () => {
      const dropped = blockingIds();
      for (const id of dropped) waiting.delete(id);
      return dropped;
    },
  };
}

/** As the service makes them: `call_360228`, and `fc_14200725817497324105` for a call that it waits for. None comes twice in a session. */
function newId(ids: Ids, behavior: ToolBehavior, nth: number): string {
  const [prefix, length] = behavior === 'BLOCKING' ? ['fc_', 20] : ['call_', 6];
  const tail = String(nth).padStart(3, '0');
  const digits = Array.from({ length: length - tail.length }, () => Math.floor(ids.fraction() * 10)).join('');
  return prefix + digits + tail;
}
