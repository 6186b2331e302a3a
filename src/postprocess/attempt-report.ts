/** What is logged and counted of each attempt at a job, the same for both queues. */
import type { Failure } from '../lib/index.ts';
import type { WorkerOptions } from './queue.ts';

type Reporting = Pick<WorkerOptions, 'clock' | 'logger' | 'metrics'>;

export interface AttemptReport {
  took(durationMs: number): void;
  done(jobId: string): void;
  /** `delayMs` is the time until the next attempt; undefined: the job is given up. */
  failed(jobId: string, failure: Failure, failedAttempts: number, delayMs: number | undefined): void;
  /** It was no attempt. */
  handedBack(jobId: string, failure: Failure): void;
}

/** A job that is handed back mostly comes again, and others with it, for one reason: of each, one line an hour is enough. */
const TELL_AGAIN_MS = 3_600_000;

export function createAttemptReport({ clock, logger, metrics }: Reporting): AttemptReport {
  /** Why jobs were handed back, which is one message an agent, and when that was logged last. */
  const toldAtMs = new Map<string, number>();
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
    handedBack(jobId, failure) {
      metrics.jobs.inc({ result: 'handedBack' });
      const nowMs = clock.nowMs();
      if (nowMs - (toldAtMs.get(failure.message) ?? Number.NEGATIVE_INFINITY) < TELL_AGAIN_MS) return;
      toldAtMs.set(failure.message, nowMs);
      logger.warn(
        { callId: jobId, code: failure.code, err: failure },
        'jobs handed back, for a process that has their agent',
      );
    },
  };
}
