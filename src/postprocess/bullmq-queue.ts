/** The queue in Redis, for services of more than one process. */
import { Queue } from 'bullmq';
import { asFailure, type Clock, withDeadline } from '../lib/index.ts';
import { connectRedis, whenReady } from '../redis/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { addOptions, countsOf } from './bullmq-job.ts';
import { COMMAND_DEADLINE_MS, QUEUE_NAME, unavailable } from './bullmq-shared.ts';
import { jobOf } from './job.ts';
import type { JobQueue } from './queue.ts';
import type { RetryPolicy } from './retry.ts';

export interface BullQueueOptions {
  readonly redisUrl: string;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createBullQueue({ redisUrl, retry, clock, logger }: BullQueueOptions): JobQueue {
  // Commands fail at once while Redis is away, instead of piling up: the journal keeps the record meanwhile.
  const redis = connectRedis(redisUrl, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  const queue = new Queue(QUEUE_NAME, {
    connection: redis,
    defaultJobOptions: addOptions(retry),
  });
  queue.on('error', (error) => logger.warn({ err: asFailure(error, 'QUEUE_UNAVAILABLE') }, 'queue connection'));

  const withinDeadline = async <T>(command: () => Promise<T>): Promise<T> => {
    try {
      await whenReady(redis, clock, COMMAND_DEADLINE_MS, 'QUEUE_UNAVAILABLE');
      return await withDeadline(clock, COMMAND_DEADLINE_MS, command(), unavailable);
    } catch (error) {
      throw asFailure(error, 'QUEUE_UNAVAILABLE');
    }
  };
  return {
    async add(record) {
      const job = jobOf(record);
      await withinDeadline(() => queue.add('call', job, { jobId: job.callId }));
    },
    counts: () => withinDeadline(() => countsOf(queue)),
    async close() {
      // BullMQ leaves alone a connection that it was given; and waits for one that was never made.
      if (redis.status === 'ready')
        await withDeadline(clock, COMMAND_DEADLINE_MS, queue.close(), unavailable).catch(() => undefined);
      redis.disconnect();
    },
  };
}
