/** A worker to be killed in the middle of a job: its first step is done, its second one never ends. */
import { appendFile } from 'node:fs/promises';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import { createBullWorker, createProcessor, RETRY } from '../../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { say } from '../transcript/killed.ts';

const [, , redisUrl, effects, leaseMs] = process.argv;
const worker = createBullWorker({
  redisUrl: redisUrl!,
  leaseMs: Number(leaseMs),
  process: createProcessor([
    { name: 'first', run: () => appendFile(effects!, 'first\n') },
    {
      name: 'second',
      run: () => {
        say('stuck');
        return new Promise(() => undefined);
      },
    },
  ]),
  concurrency: 1,
  retry: RETRY,
  clock: systemClock,
  ids: systemIds,
  logger: createLogger({ level: 'silent' }),
  metrics: createMetrics(),
});
await worker.start();
