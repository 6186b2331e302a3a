/** What an operator sees of a queue, and may ask of it: the same for the spool and for Redis. */
import type { CallRecord } from '../transcript/index.ts';
import type { JobCounts } from './queue.ts';

/** In the order in which they matter to who looks. */
export const JOB_STATES = ['dead', 'delayed', 'active', 'waiting', 'done'] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface JobSummary {
  readonly callId: string;
  readonly state: JobState;
  /** Those that are over. */
  readonly attempts: number;
  /** Steps that need not run again. */
  readonly doneSteps: readonly string[];
  /** Why the last attempt failed, `<code>: <message>`; null when none did. */
  readonly lastFailure: string | null;
  /** When a delayed job is tried again, in ms since the Unix epoch; null in other states. */
  readonly nextTryMs: number | null;
}

export interface JobDetail extends JobSummary {
  /** As it was stored: to be parsed. null when only the id is remembered, or the file is damaged. */
  readonly data: unknown;
  /** What its steps gave, by their names; as stored, too. */
  readonly results: Readonly<Record<string, unknown>>;
}

export interface RunAgain {
  /** All steps, also those that are done; and done jobs, too. */
  readonly afresh: boolean;
  /** What the job is to hold, of a job that is forgotten or damaged. */
  readonly record?: CallRecord | undefined;
}

/**
 * `queued`: it waits for the next worker, with all its attempts before it. Otherwise nothing was changed: `unknown` is no
 * job, `active` one that is being worked on, `done` one that only `afresh` repeats, `empty` one of which there is no record.
 */
export type RunAgainResult = 'queued' | 'unknown' | 'active' | 'done' | 'empty';

/** Everything here throws QUEUE_UNAVAILABLE when the queue cannot be reached, read or written. */
export interface JobBrowser {
  counts(): Promise<JobCounts>;
  /** Finished ones newest first, delayed ones by their next try, the others oldest first. */
  list(state: JobState, page: { readonly skip: number; readonly limit: number }): Promise<readonly JobSummary[]>;
  find(callId: string): Promise<JobDetail | undefined>;
  runAgain(callId: string, how: RunAgain): Promise<RunAgainResult>;
  close(): Promise<void>;
}
