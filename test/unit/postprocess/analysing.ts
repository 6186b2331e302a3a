/** A worker that says of each step that what it gave, or used, is kept: to be killed between two that are paid. */
import { join } from 'node:path';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import { createBullWorker, createSpoolWorker, RETRY, Spool, type Worker } from '../../../src/postprocess/index.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { openOwners } from '../../../src/transcript/index.ts';
import { say } from '../transcript/killed.ts';
import { joined } from './analysis-given.ts';

/** A killed worker's jobs are another's after this. */
const LEASE_MS = 400;

/** `told`: of each step whose result is kept, and of each that keeps what it used. */
export async function openAnalyser(
  folder: string,
  modelUrl: string,
  redisUrl: string | undefined,
  told: (step: string) => void,
): Promise<{ worker: Worker; close(): Promise<void> }> {
  const { process, metrics } = joined(folder, modelUrl);
  const options = {
    process: (attempt: Parameters<typeof process>[0]) =>
      process({
        ...attempt,
        stepDone: async (name, result) => {
          await attempt.stepDone(name, result);
          told(name);
        },
        keepCheckpoint: async (name, checkpoint) => {
          await attempt.keepCheckpoint(name, checkpoint);
          told(`${name} paid`);
        },
      }),
    concurrency: 1,
    retry: RETRY,
    clock: systemClock,
    ids: systemIds,
    logger: createLogger({ level: 'silent' }),
    metrics,
  };
  if (redisUrl !== undefined) {
    const worker = createBullWorker({ redisUrl, leaseMs: LEASE_MS, ...options });
    return { worker, close: async () => void (await worker.close(1_000)) };
  }
  const owners = openOwners({ folder: join(folder, 'owners'), clock: systemClock, ids: systemIds });
  const spool = await Spool.open({ folder: join(folder, 'queue'), owners, clock: systemClock });
  const worker = createSpoolWorker(spool, options);
  return {
    worker,
    async close() {
      await worker.close(1_000);
      owners.close();
    },
  };
}

const [, script, folder, modelUrl, redisUrl] = process.argv;
if (script === import.meta.filename) {
  const { worker } = await openAnalyser(folder!, modelUrl!, redisUrl || undefined, say);
  await worker.start();
}
