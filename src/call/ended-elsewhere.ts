/** A call that rings may have ended at another process: a webhook comes late, twice, or is replayed. */
import type { CallStore } from '../cluster/index.ts';
import { type AskStoreDeps, askStore } from './ask-store.ts';
import { type Next, nextElsewhere } from './next.ts';
import type { RingingCall } from './ringing-call.ts';

/** The store answers in milliseconds, and every caller waits for it. */
const LOOK_DEADLINE_MS = 1_000;

export interface EndedElsewhereDeps extends AskStoreDeps {
  readonly store: Pick<CallStore, 'look'>;
}

/** What the caller of a call that has ended gets. undefined: it has not, or nobody says so in time, and then it is taken. */
export async function endedElsewhere(
  { callId, agent }: RingingCall,
  deps: EndedElsewhereDeps,
): Promise<Next | undefined> {
  const question = {
    callId,
    limitMs: LOOK_DEADLINE_MS,
    late: `not asked about a call within ${LOOK_DEADLINE_MS} ms`,
    otherwise: { state: 'unknown' },
    meaning: 'call rings without what others know of it',
  } as const;
  const known = await askStore(deps.store.look(callId), question, deps);
  return known.state === 'ended' ? nextElsewhere(known, agent, false) : undefined;
}
