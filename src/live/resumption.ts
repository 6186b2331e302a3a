/**
 * When and how a lost session is dialled again on its route, as a pure plan:
 *
 *   we left ourselves              at once, with the newest handle
 *   the service closed             at once, with the newest handle: it knows that the old socket is closed
 *   the socket broke, or we cut it after 1.5 s, with the newest handle; at once, where there is none
 *   that did not bring it back     after 1.5, 3 and 6 s; the handle that failed twice is given up, and where the service answered
 *                                  with a refusal, the session begins afresh at once
 *   nothing was answered in time   at once: time enough has passed
 *   the handle is dead             at once, afresh
 *   an argument is rejected        at once, afresh; the second time, never
 *   anything fatal                 never
 *
 * Measured: the service refuses the handle while it believes in the old socket, up to 1.5 s after an abnormal drop; after a
 * clean close it takes it at once. Where another route is left, this one is not waited for as long.
 */
import { type Backoff, backoffMs, type FailureCode } from '../lib/index.ts';
import type { Verdict } from './closes.ts';

const BACKOFF: Backoff = { firstMs: 1_500, factor: 2, maxMs: 6_000, jitter: 0.2 };
/** After 1.5, 3 and 6 s a caller has heard nothing for over ten seconds: long enough. */
const MAX_WAITS = 3;
/** With another route at hand: two for a session that can be resumed, as the handle fails twice at most. */
const MAX_WAITS_WITH_OTHERS = { toResume: 2, toBegin: 1 } as const;
/** A session that breaks as soon as it is ready must not be dialled for ever either. */
const MAX_DIALS = 6;
/** Ready for this long, it counts as healed, and the plan begins anew. */
const STABLE_MS = 10_000;
/** A handle that failed twice is not tried a third time. */
const MAX_FAILED_RESUMES = 2;
/** One fresh session after a rejected argument; a second rejection is not about the history. */
const MAX_REJECTIONS = 1;
const REJECTIONS: ReadonlySet<FailureCode> = new Set(['LIVE_REJECTED_ARGUMENT', 'LIVE_UNSUPPORTED']);
/** Deadlines of ours ran out: several seconds have passed already. */
const SLOW: ReadonlySet<FailureCode> = new Set(['LIVE_CONNECT_TIMEOUT', 'LIVE_SETUP_TIMEOUT']);

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
  /** Whether another route is left. */
  readonly others: boolean;
}

export function beginPlan(handle: string | undefined): ResumePlan {
  return { next: 'now', handle, dials: 0, waits: 0, failedResumes: 0, rejections: 0 };
}

/** While it generates or calls tools the service may say that it cannot be resumed just now: the last good handle still can. */
export function keepHandle(plan: ResumePlan, handle: string, resumable: boolean): ResumePlan {
  return resumable && handle !== '' ? { ...plan, handle } : plan;
}

/** What was waited for was the handle's sake: without it there is nothing to wait for. */
export function forgetHandle(plan: ResumePlan): ResumePlan {
  if (plan.handle === undefined) return plan;
  return { ...plan, handle: undefined, next: plan.next === 'never' ? 'never' : 'now' };
}

/** The plan after a session has ended on its socket. */
export function afterEnd(plan: ResumePlan, ending: Ending): ResumePlan {
  const { verdict, readyForMs, others } = ending;
  const stable = readyForMs !== undefined && readyForMs >= STABLE_MS;
  const since = stable ? { ...plan, dials: 0, waits: 0, failedResumes: 0 } : plan;
  if (since.dials >= MAX_DIALS) return { ...since, next: 'never' };
  if (verdict === undefined) return { ...since, next: 'now' };
  switch (verdict.action) {
    case 'fatal':
      return { ...since, next: 'never' };
    case 'switch':
      return others ? { ...since, next: 'never' } : afresh(since, ending, verdict);
    case 'fresh':
      return afresh(since, ending, verdict);
    case 'resume':
      return again(since, ending, verdict, stable);
  }
}

/** The plan once the socket itself is gone. */
export function afterGone(plan: ResumePlan, abnormal: boolean): ResumePlan {
  if (!abnormal || plan.handle === undefined || plan.next !== 'now') return plan;
  return { ...plan, next: 'later', waits: Math.min(plan.waits + 1, MAX_WAITS) };
}

/** The plan once the next socket is dialled, `delayMs` from now. */
export function dialNext(plan: ResumePlan, fraction: number): { readonly plan: ResumePlan; readonly delayMs: number } {
  const delayMs = plan.next === 'later' ? backoffMs(BACKOFF, plan.waits, fraction) : 0;
  return { plan: { ...plan, dials: plan.dials + 1 }, delayMs };
}

function afresh(since: ResumePlan, { others }: Ending, { failure }: Verdict): ResumePlan {
  const rejections = since.rejections + (REJECTIONS.has(failure.code) ? 1 : 0);
  const plan = { ...since, handle: undefined, rejections };
  if (rejections > MAX_REJECTIONS) return { ...plan, next: 'never' };
  // Where there was no handle to blame, a fresh session is what has just failed.
  return since.handle === undefined ? backedOff(plan, others) : { ...plan, next: 'now' };
}

function again(
  since: ResumePlan,
  { readyForMs, withHandle, others }: Ending,
  { failure }: Verdict,
  stable: boolean,
): ResumePlan {
  const failedResumes = since.failedResumes + (withHandle && !stable ? 1 : 0);
  const handle = failedResumes < MAX_FAILED_RESUMES ? since.handle : undefined;
  const plan = { ...since, failedResumes, handle };
  const broke = readyForMs !== undefined && since.dials === 0;
  const handleRefused = since.handle !== undefined && handle === undefined && failure.code === 'LIVE_INTERNAL';
  if (broke || handleRefused) return { ...plan, next: 'now' };
  if (!SLOW.has(failure.code)) return backedOff(plan, others);
  return others ? { ...plan, next: 'never' } : soon(backedOff(plan, others));
}

function backedOff(plan: ResumePlan, others: boolean): ResumePlan {
  const withOthers = plan.handle === undefined ? MAX_WAITS_WITH_OTHERS.toBegin : MAX_WAITS_WITH_OTHERS.toResume;
  const maxWaits = others ? withOthers : MAX_WAITS;
  return plan.waits >= maxWaits ? { ...plan, next: 'never' } : { ...plan, next: 'later', waits: plan.waits + 1 };
}

function soon(plan: ResumePlan): ResumePlan {
  return plan.next === 'later' ? { ...plan, next: 'now' } : plan;
}
