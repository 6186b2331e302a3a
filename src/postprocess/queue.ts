/** What a durable queue does, whichever keeps it: a folder, or Redis. */
import type { Clock, Ids } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallRecord } from '../transcript/index.ts';
import type { RetryPolicy } from './retry.ts';

export interface JobQueue {
  /**
   * The record is safe when this resolves. Adding a call again does nothing, also when its job is done, as long as
   * `RetryPolicy.remembered` says. Throws QUEUE_UNAVAILABLE.
   */
  add(record: CallRecord): Promise<void>;
  /** Throws QUEUE_UNAVAILABLE. */
  counts(): Promise<JobCounts>;
  close(): Promise<void>;
}

export interface JobCounts {
  readonly waiting: number;
  /** Waiting for their next attempt. */
  readonly delayed: number;
  readonly active: number;
  readonly done: number;
  /** Given up; kept until a person decides. */
  readonly dead: number;
}

/** One attempt at one job. */
export interface Attempt {
  readonly jobId: string;
  /** As it was stored: to be parsed. */
  readonly data: unknown;
  /** Names of steps that an earlier attempt finished. */
  readonly doneSteps: readonly string[];
  /** What finished steps gave, by their names, as it was stored: to be parsed. A step that gave something is finished. */
  readonly results: Readonly<Record<string, unknown>>;
  /** What steps that did not finish want to have again, by their names, as it was stored: to be parsed. */
  readonly checkpoints: Readonly<Record<string, unknown>>;
  /** Attempts at this job that failed before, since it was last made to begin again. */
  readonly failedAttempts: number;
  /** Remembers that one more is finished, and what it gave, as JSON; safe when it resolves. */
  stepDone(name: string, result?: unknown): Promise<void>;
  /** Remembers something, as JSON, for later attempts at a step; safe when it resolves. */
  keepCheckpoint(name: string, checkpoint: unknown): Promise<void>;
}

/** Rejects to be tried again, to have the job given up, or to leave it to a process that can do it, as the Failure says. */
export type Process = (attempt: Attempt) => Promise<void>;

export interface Worker {
  start(): Promise<void>;
  /** Takes no more jobs; whether those it has were finished within `graceMs`. The others are taken up again later. */
  close(graceMs: number): Promise<boolean>;
}

export interface WorkerOptions {
  readonly process: Process;
  /** How many jobs are processed at a time. */
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'jobs' | 'jobSeconds'>;
}
