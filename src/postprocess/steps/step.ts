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
  /** What this step kept in an attempt that did not finish it, as it was stored: to be parsed. */
  readonly checkpoint?: unknown;
  /** Keeps something with the job, as JSON, for the step's next attempt, in place of what it kept before; safe when it resolves. */
  readonly keep: (checkpoint: unknown) => Promise<void>;
}

export const AT_FIRST: Progress = { results: {}, failedAttempts: 0, keep: () => Promise.resolve() };
