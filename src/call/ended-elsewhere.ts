/** A call that rings may have ended at another process: a webhook comes late, twice, or is replayed. */
import type { CallStore } from '../cluster/index.ts';
import { asFailure, type Clock, Failure, withDeadline } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { type Next, nextElsewhere } from './next.ts';
import type { RingingCall } from './ringing-call.ts';

/** The store answers in milliseconds, and every caller waits for it. */
const LOOK_DEADLINE_MS = 1_000;

export interface EndedElsewhereDeps {
  readonly store: Pick<CallStore, 'look'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures'>;
}

/** What the caller of a call that has ended gets. undefined: it has not, or nobody says so in time, and then it is taken. */
export async function endedElsewhere(
  { callId, agent }: RingingCall,
  { store, clock, logger, metrics }: EndedElsewhereDeps,
): Promise<Next | undefined> {
  const late = (): Failure => new Failure('STORE_UNAVAILABLE', `not asked about a call within ${LOOK_DEADLINE_MS} ms`);
  try {
    const known = await withDeadline(clock, LOOK_DEADLINE_MS, store.look(callId), late);
    return known.state === 'ended' ? nextElsewhere(known, agent, false) : undefined;
  } catch (error) {
    const failure = asFailure(error, 'STORE_UNAVAILABLE');
    metrics.failures.inc({ code: failure.code, fault: failure.fault });
    logger.warn({ callId, err: failure }, 'call rings without what others know of it');
    return undefined;
  }
}
