/** From journal to files, as `serve` joins it without Redis. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import {
  createProcessor,
  createSpoolQueue,
  createSpoolWorker,
  type JobQueue,
  RETRY,
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

export async function openPipeline(folder: string): Promise<Pipeline> {
  const clock = systemClock;
  const ids = systemIds;
  const logger = createLogger({ level: 'silent' });
  const metrics = createMetrics();
  const owners = openOwners({ folder: join(folder, 'owners'), clock, ids });
  const spool = await Spool.open({ folder: join(folder, 'queue'), owners, clock });
  const queue = createSpoolQueue(spool);
  const publish = queue.add;
  const outbox = createOutbox({ folder: join(folder, 'journals'), owners, publish, clock, ids, logger, metrics });
  const steps = [
    writeRecord({ folder: join(folder, 'records'), afterwardsFor: () => undefined }),
    // What cannot be done twice unnoticed: it tells how often a job got this far.
    { name: 'count', run: ({ callId }: { callId: string }) => appendFile(join(folder, 'effects'), `${callId}\n`) },
  ];
  const process = createProcessor(steps);
  const worker = createSpoolWorker(spool, { process, concurrency: 2, retry: RETRY, clock, ids, logger, metrics });
  return { owners, outbox, queue, worker };
}
