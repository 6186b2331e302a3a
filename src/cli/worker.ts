/** `callbridge worker`: post-processes finished calls from Redis, as many of it as you like. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { loadWorkerConfig, processEnv } from '../config/index.ts';
import { createMetricsServer } from '../http/index.ts';
import { systemClock, systemIds } from '../lib/index.ts';
import { gaugeQueue } from '../postprocess/index.ts';
import { createLogger, createMetrics, type Logger, type Metrics } from '../telemetry/index.ts';
import { orFail } from './fail.ts';
import { leaveOnDefects } from './last-resort.ts';
import { portNumber } from './port-number.ts';
import { openRedisWorker } from './postprocessing.ts';
import { untilTold } from './until-told.ts';

/** The slowest step, a question to a text model, has a deadline of half a minute; what it gives is paid, and should be kept. */
const GRACE_MS = 35_000;

interface Options {
  readonly port?: number;
  readonly host: string;
}

export function workerCommand(): Command {
  return new Command('worker')
    .description('post-processes finished calls from Redis; without Redis, `serve` does that itself')
    .option('--port <port>', 'where /metrics and /healthz are; 0 for any free port (default: nowhere)', portNumber)
    .option('--host <address>', 'on which of this machine’s addresses they are', '127.0.0.1')
    .action((options: Options) => orFail(() => work(options)));
}

async function work({ port, host }: Options): Promise<void> {
  const config = loadWorkerConfig({ env: processEnv(), cwd: process.cwd() });
  const logger = createLogger({ level: config.log.level });
  leaveOnDefects(logger);
  for (const { place, message } of config.leftOut) logger.info({ place }, message);
  const metrics = createMetrics();
  const tools = { clock: systemClock, ids: systemIds, logger, metrics };
  const stopShowing = port === undefined ? undefined : await show({ logger, metrics }, port, host);
  const { queue, worker } = openRedisWorker(config, tools);
  const stopGauge = gaugeQueue({ queue, ...tools });
  await worker.start();
  logger.info('waiting for finished calls');
  const signal = await untilTold(logger);
  logger.info({ signal }, 'told to stop');
  const finished = await worker.close(GRACE_MS);
  stopGauge();
  await queue.close();
  stopShowing?.();
  logger.info({ finished }, 'stopped');
  process.exitCode = finished ? 0 : 1;
}

/** Rejects when it cannot listen there; what it resolves to ends it. */
async function show(deps: { logger: Logger; metrics: Metrics }, port: number, host: string): Promise<() => void> {
  const server = createMetricsServer(deps);
  server.listen(port, host);
  await once(server, 'listening');
  deps.logger.info({ host, port: (server.address() as AddressInfo).port }, 'metrics are shown');
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
