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
  const waiting = new Map<string, ToolBehavior>();
  const blockingIds = () => [...waiting].filter(([, behavior]) => behavior === 'BLOCKING').map(([id]) => id);
  return {
    issue: (calls) =>
      calls.map(({ name, args, behavior }) => {
        const id = newId(ids, behavior);
        waiting.set(id, behavior);
        return { id, name, args };
      }),
    settle: ({ id = '', scheduling, willContinue }) => {
      const behavior = waiting.get(id);
      if (behavior === undefined) return 'ignored';
      if (willContinue === true) return 'unfinished';
      waiting.delete(id);
      // The model waits for this one, so there is nothing to schedule.
      return behavior === 'BLOCKING' ? 'WHEN_IDLE' : (scheduling ?? 'WHEN_IDLE');
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

/** As the service makes them: `call_360228`, and `fc_14200725817497324105` for a call that it waits for. */
function newId(ids: Ids, behavior: ToolBehavior): string {
  const digits = (count: number) => Array.from({ length: count }, () => Math.floor(ids.fraction() * 10)).join('');
  return behavior === 'BLOCKING' ? `fc_${digits(20)}` : `call_${digits(6)}`;
}
