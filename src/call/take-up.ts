/** What the transcript that an earlier process left says of a call that goes on in this one. */
import type { FailureCode } from '../lib/index.ts';
import { type Entry, hasGreeted, lastHandle, lastTurn, wasHandedOver } from '../transcript/index.ts';
import type { Loose } from './carry-on.ts';

export interface TakenUp {
  /** Why the earlier process is not there any more: it gave the call away, or it died. */
  readonly because: FailureCode;
  readonly greeted: boolean;
  /** The newest key to the session, and the route on which it is good. */
  readonly handle: { readonly handle: string; readonly route: string | undefined } | undefined;
  readonly lastTurn: number;
  readonly loose: Loose | undefined;
}

export function takenUpFrom(entries: readonly Entry[]): TakenUp {
  return {
    because: wasHandedOver(entries) ? 'SHUTDOWN' : 'PROCESS_DIED',
    greeted: hasGreeted(entries),
    handle: lastHandle(entries),
    lastTurn: lastTurn(entries),
    loose: looseEnd(entries),
  };
}

/** Who had the turn. A line is written when it is finished: a turn that has sounded and has no line was under way. */
function looseEnd(entries: readonly Entry[]): Loose | undefined {
  const last = entries.findLast(({ type }) => type === 'line' || type === 'speaking');
  if (last === undefined) return undefined;
  if (last.type === 'speaking') return 'agentLost';
  if (last.type !== 'line') return undefined;
  if (last.line.speaker === 'caller') return 'callerUnanswered';
  // Cut by the caller, who has the turn then; or by the handover, which came right after it.
  return last.line.cut && wasHandedOver(entries) ? 'agentLost' : undefined;
}
