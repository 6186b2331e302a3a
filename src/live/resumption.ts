/**
 * When and how a lost session is dialled again, as a pure plan:
 *
 *   we left ourselves        at once, with the newest handle
 *   the socket broke         after 1.5, 3 and 6 s, with the newest handle; from the second failed resume on, afresh
 *   the handle is dead       at once, afresh
 *   an argument is rejected  at once, afresh; the second time, never
 *   anything fatal           never
 *
 * Measured: the service refuses the handle while it believes in the old socket, up to 1.5 s after an abnormal drop.
 */
import { type Backoff, backoffMs } from '../lib/index.ts';
import type { Verdict } from './closes.ts';

const BACKOFF: Backoff = { firstMs: 1_500, factor: 2, maxMs: 6_000, jitter: 0.2 };
/** After 1.5, 3 and 6 s a caller has heard nothing for over ten seconds: long enough. */
const MAX_WAITS = 3;
/** A session that breaks as soon as it is ready must not be dialled for ever either. */
const MAX_DIALS = 6;
/** Ready for this long, it counts as healed, and the plan begins anew. */
const STABLE_MS = 10_000;
/** A handle that failed twice is not tried a third time. */
const MAX_FAILED_RESUMES = 2;
/** One fresh session after a rejected argument; a second rejection is not about the history. */
const MAX_REJECTIONS = 1;

export interface ResumePlan {
  readonly next: 'now' | 'later' | 'never';
  /** The newest good handle; without one, the next session begins afresh. */
  readonly handle: string | undefined;
  /** Since the session was last stable. */
  readonly dials: number;
  readonly waits: number;
  readonly failedResumes: number;
  /** Over the whole life of the session. */
  readonly rejections: number;
}

export interface Ending {
  /** Why the socket ended; undefined when we left it in good order. */
  readonly verdict: Verdict | undefined;
  /** How long the session was ready on it; undefined when it never was. */
  readonly readyForMs: number | undefined;
  /** Whether it was dialled with a handle. */
  readonly withHandle: boolean;
}

export function beginPlan(handle: string | undefined): ResumePlan {
  return { next: 'now', handle, dials: 0, waits: 0, failedResumes: 0, rejections: 0 };
}

/** While it generates or calls tools the service may say that it cannot be resumed just now: the last good handle still can. */
export function keepHandle(plan: ResumePlan, handle: string, resumable: boolean): ResumePlan {
  return resumable && handle !== '' ? { ...plan, handle } : plan;
}

/** The plan after a socket has ended. */
export function afterEnd(plan: ResumePlan, { verdict, readyForMs, withHandle }: Ending): ResumePlan {
  const stable = readyForMs !== undefined && readyForMs >= STABLE_MS;
  const since = stable ? { ...plan, dials: 0, waits: 0, failedResumes: 0 } : plan;
  if (since.dials >= MAX_DIALS) return { ...since, next: 'never' };
  if (verdict === undefined) return { ...since, next: 'now' };
  switch (verdict.action) {
    case 'fatal':
      return { ...since, next: 'never' };
    case 'fresh': {
      const rejections = since.rejections + (verdict.failure.code === 'LIVE_REJECTED_ARGUMENT' ? 1 : 0);
      const afresh = { ...since, handle: undefined, rejections };
      if (rejections > MAX_REJECTIONS) return { ...afresh, next: 'never' };
      // Where there was no handle to blame, a fresh session is what has just failed.
      return since.handle === undefined ? backedOff(afresh) : { ...afresh, next: 'now' };
    }
    case 'resume': {
      const failedResumes = since.failedResumes + (withHandle && !stable ? 1 : 0);
      const handle = failedResumes < MAX_FAILED_RESUMES ? since.handle : undefined;
      return backedOff({ ...since, failedResumes, handle });
    }
  }
}

/** The plan once the next socket is dialled, `delayMs` from now. */
export function dialNext(plan: ResumePlan, fraction: number): { readonly plan: ResumePlan; readonly delayMs: number } {
  const delayMs = plan.next === 'later' ? backoffMs(BACKOFF, plan.waits, fraction) : 0;
  return { plan: { ...plan, dials: plan.dials + 1 }, delayMs };
}

function backedOff(plan: ResumePlan): ResumePlan {
  return plan.waits >= MAX_WAITS ? { ...plan, next: 'never' } : { ...plan, next: 'later', waits: plan.waits + 1 };
}
