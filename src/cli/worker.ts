/** `callbridge worker`: post-processes finished calls from Redis, as many of it as you like. */
import { Command } from 'commander';
import { loadWorkerConfig, processEnv } from '../config/index.ts';
import { systemClock, systemIds } from '../lib/index.ts';
import { gaugeQueue } from '../postprocess/index.ts';
import { createLogger, createMetrics } from '../telemetry/index.ts';
import { orFail } from './fail.ts';
import { leaveOnDefects } from './last-resort.ts';
import { openRedisWorker } from './postprocessing.ts';
import { untilTold } from './until-told.ts';

/** The slowest step, a question to a text model, has a deadline of half a minute; what it gives is paid, and should be kept. */
const GRACE_MS = 35_000;

export function workerCommand(): Command {
  return new Command('worker')
    .description('post-processes finished calls from Redis; without Redis, `serve` does that itself')
    .action(() => orFail(work));
}

async function work(): Promise<void> {
  const config = loadWorkerConfig({ env: processEnv(), cwd: process.cwd() });
  const logger = createLogger({ level: config.log.level });
  leaveOnDefects(logger);
  const tools = { clock: systemClock, ids: systemIds, logger, metrics: createMetrics() };
  const { queue, worker } = openRedisWorker(config, tools);
  const stopGauge = gaugeQueue({ queue, ...tools });
  await worker.start();
  logger.info('waiting for finished calls');
  const signal = await untilTold(logger);
  logger.info({ signal }, 'told to stop');
  const finished = await worker.close(GRACE_MS);
  stopGauge();
  await queue.close();
  logger.info({ finished }, 'stopped');
  process.exitCode = finished ? 0 : 1;
}
