/**
 * The queue in Redis for a dashboard: what it shows of a job, and what may be done there. `@bull-board/api` is an optional package.
 * https://github.com/felixmosh/bull-board
 */
import type { BaseAdapter } from '@bull-board/api/baseAdapter';
import type { BoardHooks, IServerAdapter } from '@bull-board/api/typings/app';
import { Queue } from 'bullmq';
import { asFailure, type Clock } from '../lib/index.ts';
import { connectRedis, whenReady } from '../redis/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { addOptions, doneStepsIn } from './bullmq-job.ts';
import { COMMAND_DEADLINE_MS, QUEUE_NAME } from './bullmq-shared.ts';
import { jobSchema } from './job.ts';
import type { RetryPolicy } from './retry.ts';

export interface QueueBoard {
  /** Has the page show the queue, and ask about it. */
  showOn(page: IServerAdapter): void;
  /** Rejects with Failure QUEUE_UNAVAILABLE. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface QueueBoardOptions {
  readonly redisUrl: string;
  /** Whether jobs may be had run again, and the queue be stopped and started. */
  readonly writable: boolean;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rejects when the package is not installed. */
export async function loadQueueBoard(): Promise<(options: QueueBoardOptions) => QueueBoard> {
  const { createBullBoard } = await import('@bull-board/api');
  const { BullMQAdapter } = await import('@bull-board/api/bullMQAdapter');
  return (options) => {
    const { redisUrl, writable, retry, clock, logger } = options;
    const redis = connectRedis(redisUrl, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: COMMAND_DEADLINE_MS,
    });
    const queue = new Queue(QUEUE_NAME, { connection: redis, defaultJobOptions: addOptions(retry) });
    queue.on('error', (error) => logger.debug({ err: asFailure(error, 'QUEUE_UNAVAILABLE') }, 'dashboard connection'));
    const shown = new BullMQAdapter(queue, { readOnlyMode: !writable });
    hideWhatIsPrivate(shown);
    return {
      showOn(page) {
        createBullBoard({
          queues: [shown],
          serverAdapter: page,
          options: {
            uiConfig: { boardTitle: 'Callbridge', hideDocsLink: true },
            handlerHooks: onlyWhatIsSafe(writable, logger),
          },
        });
      },
      ready: () => whenReady(redis, clock, COMMAND_DEADLINE_MS, 'QUEUE_UNAVAILABLE'),
      async close() {
        if (redis.status === 'ready') await queue.close().catch(() => undefined);
        redis.disconnect();
      },
    };
  };
}

/**
 * Who looks after a queue need not know what callers say, or who they are; and a page stays open on a screen. Why an attempt
 * failed is shown as it stands in the log, which holds neither.
 */
function hideWhatIsPrivate(shown: BaseAdapter): void {
  shown.setFormatter('name', ({ id }) => id ?? '');
  shown.setFormatter('data', outlineOf);
  shown.setFormatter('progress', (progress) => ({ doneSteps: doneStepsIn(progress) }));
  shown.setFormatter('returnValue', () => null);
}

/** Of a job that cannot be read nobody knows what it holds: nothing is shown of it. */
function outlineOf(data: unknown): unknown {
  const record = jobSchema.safeParse(data).data?.record;
  if (record === undefined) return {};
  const { agent, direction, startedAt, answeredAt, endedAt, durationMs, outcome, model, lines, toolCalls } = record;
  return {
    agent,
    model,
    direction,
    startedAt,
    answeredAt,
    endedAt,
    durationMs,
    outcome: outcome.kind === 'failed' ? outcome.code : outcome.kind,
    lines: lines.length,
    toolCalls: toolCalls.length,
  };
}

/** Nothing of this loses a job, or changes what it holds: what the page shows of it is less than that. */
const ACTIONS: ReadonlySet<string> = new Set([
  '/api/queues/pause',
  '/api/queues/resume',
  '/api/queues/:queueName/pause',
  '/api/queues/:queueName/resume',
  '/api/queues/:queueName/promote',
  '/api/queues/:queueName/retry/:queueStatus',
  '/api/queues/:queueName/:jobId/promote',
  '/api/queues/:queueName/:jobId/retry',
]);

function onlyWhatIsSafe(writable: boolean, logger: Logger): BoardHooks {
  return {
    before({ method, route }) {
      if (method === 'get') return { allow: true };
      if (!writable || !ACTIONS.has(route)) {
        const message = writable ? 'Not from here: jobs are neither changed nor lost.' : 'This page only shows.';
        return { allow: false, status: 403, message };
      }
      logger.info({ route }, 'queue handled by its dashboard');
      return { allow: true };
    },
  };
}
