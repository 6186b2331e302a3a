/** A step of post-processing. It may run more than once for one call, and must then have the same effect. */
import type { CallRecord } from '../../transcript/index.ts';

export interface Step {
  /** Kept with the job: a step that is renamed runs again. */
  readonly name: string;
  /** The steps that must be done before it, which may depend on the call. Without it, all that stand before it. */
  readonly after?: readonly string[] | ((record: CallRecord) => readonly string[]) | undefined;
  /** What it gives is kept with the job as JSON, so that later steps, and later attempts, have it; undefined: nothing. */
  readonly run: (record: CallRecord, progress: Progress) => Promise<unknown>;
}

/** How far the job has come. */
export interface Progress {
  /** What steps gave, by their names. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Attempts at the job that failed before. */
  readonly failedAttempts: number;
}

export const AT_FIRST: Progress = { results: {}, failedAttempts: 0 };
