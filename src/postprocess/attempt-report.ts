/** What is logged and counted of each attempt at a job, the same for both queues. */
import type { Failure } from '../lib/index.ts';
import type { WorkerOptions } from './queue.ts';

export interface AttemptReport {
  took(durationMs: number): void;
  done(jobId: string): void;
  /** `delayMs` is the time until the next attempt; undefined: the job is given up. */
  failed(jobId: string, failure: Failure, failedAttempts: number, delayMs: number | undefined): void;
}

export function createAttemptReport({ logger, metrics }: Pick<WorkerOptions, 'logger' | 'metrics'>): AttemptReport {
  return {
    took: (durationMs) => metrics.jobSeconds.observe(durationMs / 1_000),
    done(jobId) {
      metrics.jobs.inc({ result: 'done' });
      logger.info({ callId: jobId }, 'job done');
    },
    failed(jobId, failure, failedAttempts, delayMs) {
      const fields = { callId: jobId, code: failure.code, err: failure, failedAttempts };
      metrics.jobs.inc({ result: delayMs === undefined ? 'dead' : 'failed' });
      if (delayMs === undefined) logger.error(fields, 'job given up');
      else logger.warn({ ...fields, delayMs: Math.round(delayMs) }, 'job failed, to be tried again');
    },
  };
}
