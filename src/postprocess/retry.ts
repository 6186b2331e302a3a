/** How often, and for how long, post-processing is tried again: the one policy of both queues. */
import { type Backoff, backoffMs, type Failure } from '../lib/index.ts';

export interface RetryPolicy {
  readonly backoff: Backoff;
  /** Including the first. */
  readonly attempts: number;
  /** How often a job may take its process down with it, or be lost with it, before it is given up. */
  readonly stalls: number;
  /** How long, and how many, ids of finished jobs are remembered, so that a job that is published again stays done. */
  readonly remembered: { readonly ageMs: number; readonly count: number };
}

/**
 * 5 s, 10 s, … an hour, and then every hour: 46 attempts take some 36 hours, so that a receiver that is away for a day
 * misses nothing, and people have the rest of the next day to look.
 */
export const RETRY: RetryPolicy = {
  backoff: { firstMs: 5_000, factor: 2, maxMs: 3_600_000, jitter: 0.2 },
  attempts: 46,
  stalls: 5,
  // A journal outlives its job by the time it takes to delete a file, or to start again after a crash: minutes, not days.
  remembered: { ageMs: 7 * 24 * 3_600_000, count: 10_000 },
};

/**
 * Whether this process has not tried, but lacks what the job's agent needs. Another process may have it, or the next one here: the
 * job is handed back, as it was. However often: it waits for a variable to be set, and nobody is helped by its being given up.
 */
export function isForAnother({ code }: Failure): boolean {
  return code === 'AGENT_LEFT_OUT';
}

/** The delay until the next attempt in ms, or undefined when there is to be none. */
export function retryDelayMs(
  policy: Pick<RetryPolicy, 'backoff' | 'attempts'>,
  failure: Failure,
  failedAttempts: number,
  fraction: number,
): number | undefined {
  if (!failure.retryable || failedAttempts >= policy.attempts) return undefined;
  return backoffMs(policy.backoff, failedAttempts, fraction);
}
