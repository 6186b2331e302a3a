/** From journal to files and webhook, as `serve` and `worker` join it. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import {
  createBullQueue,
  createBullWorker,
  createProcessor,
  createSpoolQueue,
  createSpoolWorker,
  deliverWebhook,
  EVENT_TYPES,
  type JobQueue,
  RETRY,
  type RetryPolicy,
  Spool,
  type Worker,
  writeRecord,
} from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { createOutbox, type Outbox, type Owners, openOwners } from '../../../src/transcript/index.ts';

export interface Pipeline {
  readonly owners: Owners;
  readonly outbox: Outbox;
  readonly queue: JobQueue;
  readonly worker: Worker;
}

export interface PipelineOptions {
  /** Undefined: the spool. */
  readonly redisUrl?: string | undefined;
  readonly webhookUrl?: string | undefined;
}

/** A killed worker's jobs are another's after this, so that no test waits half a minute. */
const LEASE_MS = 400;
/** A job is given up as the one that kills its processes; in a long run of kills it may be lost with six of them by chance. */
const PATIENT: RetryPolicy = { ...RETRY, stalls: 1_000 };
export const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;

export async function openPipeline(folder: string, { redisUrl, webhookUrl }: PipelineOptions = {}): Promise<Pipeline> {
  const clock = systemClock;
  const ids = systemIds;
  const logger = createLogger({ level: 'silent' });
  const metrics = createMetrics();
  const owners = openOwners({ folder: join(folder, 'owners'), clock, ids });
  const webhook =
    webhookUrl === undefined ? undefined : { url: webhookUrl, secret: WEBHOOK_SECRET, events: EVENT_TYPES };
  const afterwardsFor = () => ({ formats: ['json'], webhook }) as const;
  const process = createProcessor([
    writeRecord({ folder: join(folder, 'records'), afterwardsFor }),
    // What cannot be done twice unnoticed: it tells how often a job got this far.
    { name: 'count', run: ({ callId }: { callId: string }) => appendFile(join(folder, 'effects'), `${callId}\n`) },
    deliverWebhook({ afterwardsFor, clock, logger }),
  ]);
  const working = { process, concurrency: 2, retry: PATIENT, clock, ids, logger, metrics };
  const open = async (): Promise<Pick<Pipeline, 'queue' | 'worker'>> => {
    if (redisUrl !== undefined) {
      const queue = createBullQueue({ redisUrl, retry: PATIENT, clock, logger });
      return { queue, worker: createBullWorker({ redisUrl, leaseMs: LEASE_MS, ...working }) };
    }
    const spool = await Spool.open({ folder: join(folder, 'queue'), owners, clock });
    return { queue: createSpoolQueue(spool), worker: createSpoolWorker(spool, working) };
  };
  const { queue, worker } = await open();
  const publish = queue.add;
  const outbox = createOutbox({ folder: join(folder, 'journals'), owners, publish, clock, ids, logger, metrics });
  return { owners, outbox, queue, worker };
}
