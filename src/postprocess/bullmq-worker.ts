/** Works off the queue in Redis; any number of processes may. */
import { type Job as BullJob, Worker as BullWorker, DelayedError, UnrecoverableError } from 'bullmq';
import { asFailure, Failure, withDeadline } from '../lib/index.ts';
import { connectRedis, reconnectDelayMs } from '../redis/index.ts';
import { createAttemptReport } from './attempt-report.ts';
import { doneStepsOf } from './bullmq-job.ts';
import { defineKeep, type Kept, keptOf } from './bullmq-kept.ts';
import { QUEUE_NAME, unavailable } from './bullmq-shared.ts';
import type { Worker, WorkerOptions } from './queue.ts';
import { isForAnother, retryDelayMs } from './retry.ts';

export interface BullWorkerOptions extends WorkerOptions {
  readonly redisUrl: string;
  /** How long a worker may be silent before its jobs are others'. */
  readonly leaseMs?: number | undefined;
  readonly handBack?: HandBack | undefined;
}

/** When a job is to be another worker's, or any one's again: nobody can say which worker gets it then. */
interface HandBack {
  readonly afterMs: number;
  /** No two of those that one worker hands back are due closer to each other. */
  readonly apartMs: number;
}

/** Longer than an event loop stalls; a worker renews it twice within. */
const LEASE_MS = 30_000;

/**
 * Soon, as the next to take it may have what it needs, and it may take some rounds to come to that one. The more there are, the
 * longer is a round: at five a second, reading them costs a worker little of its time, and Redis less, also with thousands of them.
 */
const HAND_BACK: HandBack = { afterMs: 2_000, apartMs: 200 };

/** After a connection breaks, BullMQ waits this long before it asks for jobs again. */
const RECONNECT_MS = 2_000;

export function createBullWorker(options: BullWorkerOptions): Worker {
  const {
    redisUrl,
    leaseMs = LEASE_MS,
    handBack = HAND_BACK,
    process,
    concurrency,
    retry,
    clock,
    ids,
    logger,
  } = options;
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
  /** Of the jobs that were handed back, the last. */
  let lastDueMs = 0;

  /** BullMQ counts no attempt, as long as it is told by a DelayedError that the job has been moved. */
  const handedBack = async (job: BullJob, token: string | undefined, key: string, failure: Failure): Promise<Error> => {
    const nowMs = clock.nowMs();
    lastDueMs = Math.max(nowMs + handBack.afterMs, lastDueMs + handBack.apartMs);
    const delayMs = lastDueMs - nowMs;
    try {
      await keep.failure(key, described(failure));
      await job.moveToDelayed(Math.ceil(clock.wallMs() + delayMs), token);
    } catch (error) {
      return forBull(asFailure(error, 'QUEUE_UNAVAILABLE'));
    }
    report.handedBack(job.id ?? '', failure);
    return new DelayedError();
  };

  const attempt = async (job: BullJob, token: string | undefined): Promise<void> => {
    const startedMs = clock.nowMs();
    const took = (): void => report.took(clock.nowMs() - startedMs);
    running++;
    const key = worker.toKey(job.id ?? '');
    let doneSteps = doneStepsOf(job);
    let kept: Kept = { results: {}, checkpoints: {} };
    const stepDone = async (name: string, result?: unknown): Promise<void> => {
      // First: between the two a process may die, and what a step gave is worth more than that it is done.
      if (result !== undefined) {
        kept = { ...kept, results: { ...kept.results, [name]: result } };
        await keep.steps(key, 'results', kept.results);
      }
      doneSteps = [...doneSteps, name];
      await job.updateProgress({ doneSteps });
    };
    const keepCheckpoint = async (name: string, checkpoint: unknown): Promise<void> => {
      kept = { ...kept, checkpoints: { ...kept.checkpoints, [name]: checkpoint } };
      await keep.steps(key, 'checkpoints', kept.checkpoints);
    };
    try {
      kept = await keptOf(redis, key);
      const { data, attemptsMade: failedAttempts } = job;
      await process({ jobId: job.id ?? '', data, doneSteps, ...kept, failedAttempts, stepDone, keepCheckpoint });
      took();
    } catch (error) {
      const failure = asFailure(error, 'STEP_FAILED');
      if (isForAnother(failure)) throw await handedBack(job, token, key, failure);
      took();
      throw forBull(failure);
    } finally {
      running--;
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

/** BullMQ asks by the class of the error whether to retry. */
function forBull(failure: Failure): Error {
  const message = described(failure);
  if (failure.retryable) return new Failure(failure.code, message, { cause: failure });
  const error = new UnrecoverableError(message);
  error.cause = failure;
  return error;
}

/** BullMQ keeps the message alone. */
function described({ code, message }: Failure): string {
  return `${code}: ${message}`;
}

/** The failure behind what BullMQ hands back; its own, such as a job that stalled too often, mean a lost process. */
function failureOf(error: Error): Failure {
  if (error.cause instanceof Failure) return error.cause;
  return asFailure(error, 'PROCESS_DIED');
}
