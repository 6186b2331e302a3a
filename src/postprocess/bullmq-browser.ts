/** Looks into the queue in Redis, also while workers work on it, and has its jobs run again. */
import { type Job as BullJob, Queue } from 'bullmq';
import { asFailure, type Clock, Failure, withDeadline } from '../lib/index.ts';
import { connectRedis, whenReady } from '../redis/index.ts';
import { defineMakeReady, type Standing } from './bullmq-again.ts';
import { addOptions, countsOf, doneStepsOf } from './bullmq-job.ts';
import { keptOf } from './bullmq-kept.ts';
import { COMMAND_DEADLINE_MS, QUEUE_NAME, unavailable } from './bullmq-shared.ts';
import { jobOf } from './job.ts';
import type { JobBrowser, JobDetail, JobState, JobSummary, RunAgain, RunAgainResult } from './job-browser.ts';
import type { RetryPolicy } from './retry.ts';

export interface BullBrowserOptions {
  readonly redisUrl: string;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
}

/** Ours to BullMQ's. */
const NAMES = { waiting: 'wait', delayed: 'delayed', active: 'active', done: 'completed', dead: 'failed' } as const;
/** What BullMQ calls a job that waits, is over, or is kept from workers. */
const STATES: Readonly<Record<string, JobState>> = {
  waiting: 'waiting',
  prioritized: 'waiting',
  delayed: 'delayed',
  active: 'active',
  completed: 'done',
  failed: 'dead',
};
/** A job that died once more since it was made ready begins with none of them used. */
const WITH_ALL_ATTEMPTS = { resetAttemptsMade: true, resetAttemptsStarted: true } as const;
/** moveToDelayed: the time stands in the upper bits of the score, the order of those of one millisecond in the lower. */
const SCORES_A_MS = 0x1000;

export function createBullBrowser({ redisUrl, retry, clock }: BullBrowserOptions): JobBrowser {
  const redis = connectRedis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  /** Redis's own words say most of what is wrong; before the first answer there are none but these. */
  let lastError: Error | undefined;
  redis.on('error', (error) => {
    lastError = error;
  });
  const queue = new Queue(QUEUE_NAME, { connection: redis, defaultJobOptions: addOptions(retry) });
  queue.on('error', (error) => {
    lastError = error;
  });

  const withinDeadline = async <T>(command: () => Promise<T>): Promise<T> => {
    const late = (): Failure => (lastError === undefined ? unavailable() : asFailure(lastError, 'QUEUE_UNAVAILABLE'));
    try {
      await whenReady(redis, clock, COMMAND_DEADLINE_MS, 'QUEUE_UNAVAILABLE');
      return await withDeadline(clock, COMMAND_DEADLINE_MS, command(), late);
    } catch (error) {
      const failure = asFailure(error, 'QUEUE_UNAVAILABLE');
      if (lastError === undefined) throw failure;
      throw new Failure(failure.code, `${failure.message} (${lastError.message})`, { cause: lastError });
    }
  };

  const summaryOf = async (job: BullJob, state: JobState): Promise<JobSummary> => {
    const score = state === 'delayed' ? await redis.zscore(queue.toKey('delayed'), job.id ?? '') : null;
    return {
      callId: job.id ?? '',
      state,
      attempts: job.attemptsMade,
      doneSteps: doneStepsOf(job),
      lastFailure: job.failedReason || null,
      nextTryMs: score === null ? null : Math.floor(Number(score) / SCORES_A_MS),
    };
  };
  const stateOf = async (callId: string): Promise<JobState | undefined> => STATES[await queue.getJobState(callId)];
  const found = async (callId: string): Promise<{ readonly job: BullJob; readonly state: JobState } | undefined> => {
    const job = await queue.getJob(callId);
    const state = job && (await stateOf(callId));
    return job && state && { job, state };
  };

  const makeReady = defineMakeReady(redis, queue.toKey(''));
  /** Throws when the job does not stand there any more. */
  const move = async (job: BullJob, standing: Standing): Promise<void> => {
    if (standing === 'delayed') await job.promote();
    if (standing === 'failed' || standing === 'completed') await job.retry(standing, WITH_ALL_ATTEMPTS);
  };
  const runAgain = async (callId: string, { afresh, record }: RunAgain): Promise<RunAgainResult> => {
    const data = record && jobOf(record);
    const standing = await makeReady({ callId, afresh, data });
    if (standing === 'active') return 'active';
    if (standing === 'completed' && !afresh) return 'done';
    const job = standing === 'unknown' ? undefined : await queue.getJob(callId);
    if (job === undefined) {
      if (data === undefined) return 'unknown';
      await queue.add('call', data, { jobId: callId });
      return 'queued';
    }
    try {
      await move(job, standing);
    } catch (error) {
      // Moved by a worker whose time had come, or by another operator: either way it runs, once, as it was made ready.
      if ((await queue.getJobState(callId)) === standing) throw error;
    }
    return 'queued';
  };

  return {
    counts: () => withinDeadline(() => countsOf(queue)),
    list: (state, { skip, limit }) =>
      withinDeadline(async () => {
        if (limit <= 0) return [];
        const oldestFirst = state !== 'dead' && state !== 'done';
        const jobs = await queue.getJobs(NAMES[state], skip, skip + limit - 1, oldestFirst);
        return Promise.all(jobs.map((job) => summaryOf(job, state)));
      }),
    find: (callId) =>
      withinDeadline(async (): Promise<JobDetail | undefined> => {
        const there = await found(callId);
        if (there === undefined) return undefined;
        const { results } = await keptOf(redis, queue.toKey(callId));
        return { ...(await summaryOf(there.job, there.state)), data: there.job.data ?? null, results };
      }),
    runAgain: (callId, how) => withinDeadline(() => runAgain(callId, how)),
    async close() {
      if (redis.status === 'ready')
        await withDeadline(clock, COMMAND_DEADLINE_MS, queue.close(), unavailable).catch(() => undefined);
      redis.disconnect();
    },
  };
}
