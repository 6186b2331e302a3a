/** Works off the queue in Redis; any number of processes may. */
import { type Job as BullJob, Worker as BullWorker, UnrecoverableError } from 'bullmq';
import { asFailure, Failure, withDeadline } from '../lib/index.ts';
import { connectRedis, reconnectDelayMs } from '../redis/index.ts';
import { createAttemptReport } from './attempt-report.ts';
import { doneStepsOf } from './bullmq-job.ts';
import { defineKeep, type Kept, keptOf } from './bullmq-kept.ts';
import { QUEUE_NAME, unavailable } from './bullmq-shared.ts';
import type { Worker, WorkerOptions } from './queue.ts';
import { retryDelayMs } from './retry.ts';

export interface BullWorkerOptions extends WorkerOptions {
  readonly redisUrl: string;
  /** How long a worker may be silent before its jobs are others'. */
  readonly leaseMs?: number | undefined;
}

/** Longer than an event loop stalls; a worker renews it twice within. */
const LEASE_MS = 30_000;

/** After a connection breaks, BullMQ waits this long before it asks for jobs again. */
const RECONNECT_MS = 2_000;

export function createBullWorker(options: BullWorkerOptions): Worker {
  const { redisUrl, leaseMs = LEASE_MS, process, concurrency, retry, clock, ids, logger } = options;
  const report = createAttemptReport(options);
  let givenUp = false;
  // A worker waits for Redis for as long as it takes; BullMQ demands no limit on retries.
  const redis = connectRedis(redisUrl, {
    maxRetriesPerRequest: null,
    // Of the copy of this connection, too, on which BullMQ waits for jobs.
    retryStrategy: (times) => (givenUp ? null : reconnectDelayMs(times)),
  });
  /** BullMQ's `close` waits for each connection to end. One that is to reconnect does so when it fails to, not before. */
  const giveUp = (): void => {
    givenUp = true;
    if (redis.status !== 'reconnecting') redis.disconnect();
  };
  const keep = defineKeep(redis);
  /** Attempts at jobs. */
  let running = 0;

  const attempt = async (job: BullJob): Promise<void> => {
    const startedMs = clock.nowMs();
    running++;
    const key = worker.toKey(job.id ?? '');
    let doneSteps = doneStepsOf(job);
    let kept: Kept = { results: {}, checkpoints: {} };
    const stepDone = async (name: string, result?: unknown): Promise<void> => {
      // First: between the two a process may die, and what a step gave is worth more than that it is done.
      if (result !== undefined) {
        kept = { ...kept, results: { ...kept.results, [name]: result } };
        await keep(key, 'results', kept.results);
      }
      doneSteps = [...doneSteps, name];
      await job.updateProgress({ doneSteps });
    };
    const keepCheckpoint = async (name: string, checkpoint: unknown): Promise<void> => {
      kept = { ...kept, checkpoints: { ...kept.checkpoints, [name]: checkpoint } };
      await keep(key, 'checkpoints', kept.checkpoints);
    };
    try {
      kept = await keptOf(redis, key);
      const { data, attemptsMade: failedAttempts } = job;
      await process({ jobId: job.id ?? '', data, doneSteps, ...kept, failedAttempts, stepDone, keepCheckpoint });
    } catch (error) {
      const failure = asFailure(error, 'STEP_FAILED');
      // BullMQ keeps the message alone; and asks whether to retry by the class of the error.
      const message = `${failure.code}: ${failure.message}`;
      throw failure.retryable
        ? new Failure(failure.code, message, { cause: failure })
        : unrecoverable(message, failure);
    } finally {
      running--;
      report.took(clock.nowMs() - startedMs);
    }
  };

  const worker = new BullWorker(QUEUE_NAME, attempt, {
    connection: redis,
    autorun: false,
    concurrency,
    maxStalledCount: retry.stalls,
    lockDuration: leaseMs,
    stalledInterval: leaseMs,
    runRetryDelay: RECONNECT_MS,
    settings: {
      backoffStrategy: (attemptsMade, _type, error) =>
        retryDelayMs(retry, asFailure(error, 'STEP_FAILED'), attemptsMade, ids.fraction()) ?? -1,
    },
  });
  worker.on('error', (error) => logger.warn({ err: asFailure(error, 'QUEUE_UNAVAILABLE') }, 'queue connection'));
  worker.on('completed', (job) => report.done(job.id ?? ''));
  worker.on('failed', (job, error) => {
    const failure = failureOf(error);
    const again = job !== undefined && !job.finishedOn;
    report.failed(job?.id ?? '', failure, job?.attemptsMade ?? 0, again ? job.delay : undefined);
  });

  return {
    start() {
      void worker.run().catch((error: unknown) => {
        logger.error({ err: asFailure(error, 'QUEUE_UNAVAILABLE') }, 'worker stopped');
      });
      return Promise.resolve();
    },
    async close(graceMs) {
      // Nothing to finish, and nobody to tell.
      if (running === 0 && redis.status !== 'ready') giveUp();
      try {
        await withDeadline(clock, graceMs, worker.close(), unavailable);
        return true;
      } catch {
        return false;
      } finally {
        giveUp();
      }
    },
  };
}

function unrecoverable(message: string, cause: Failure): Error {
  const error = new UnrecoverableError(message);
  error.cause = cause;
  return error;
}

/** The failure behind what BullMQ hands back; its own, such as a job that stalled too often, mean a lost process. */
function failureOf(error: Error): Failure {
  if (error.cause instanceof Failure) return error.cause;
  return asFailure(error, 'PROCESS_DIED');
}
