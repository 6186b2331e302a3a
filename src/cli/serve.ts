/** `callbridge serve`: takes calls until it is told to stop, and then lets them end. */
import { Command, InvalidArgumentError } from 'commander';
import { type Config, type Env, loadConfig, processEnv } from '../config/index.ts';
import { Failure, systemClock, systemIds } from '../lib/index.ts';
import { createLogger, createMetrics } from '../telemetry/index.ts';
import { isMissingPart, orFail } from './fail.ts';
import { leaveOnDefects } from './last-resort.ts';
import { startService } from './service.ts';
import { simulatedEnv } from './simulated.ts';
import { untilTold } from './until-told.ts';

interface Options {
  /** True without a scenario's name. */
  readonly simulate?: string | true;
  readonly grace: number;
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('takes calls; settings come from the environment and from CONFIG_DIR')
    .option('--simulate [fixture]', 'with a simulated model, which acts as in that fixture call; no credentials needed')
    .option('--grace <seconds>', 'how long running calls may go on after SIGTERM', seconds, 240)
    .action((options: Options) => orFail(() => serve(options)));
}

async function serve({ simulate, grace }: Options): Promise<void> {
  const env = processEnv();
  if (simulate === undefined) return run(loadConfig({ env, cwd: process.cwd() }), grace);
  const { startSimulatedModel } = await import('./simulated-model.ts').catch(withoutSimulator);
  const model = await startSimulatedModel(simulate === true ? undefined : simulate);
  try {
    await run(simulatedConfig(env, model.url, simulate === true ? undefined : simulate), grace);
  } finally {
    await model.close();
  }
}

function withoutSimulator(error: unknown): never {
  if (!isMissingPart(error)) throw error;
  throw new Failure('CONFIG_INVALID', 'This build has no simulator: use the dev image, or a checkout.');
}

function simulatedConfig(env: Env, modelUrl: string, fixture: string | undefined): Config {
  const config = loadConfig({ env: simulatedEnv(env, modelUrl), cwd: process.cwd() });
  console.error(
    `The model is simulated. Call it from another terminal:\n\n  npm run callbridge -- call ${fixture ?? 'question'} --url ${config.http.publicUrl}\n`,
  );
  return config;
}

async function run(config: Config, graceSeconds: number): Promise<void> {
  const logger = createLogger({ level: config.log.level });
  leaveOnDefects(logger);
  for (const { place, message } of config.warnings) logger.warn({ place }, message);
  const service = await startService(config, { clock: systemClock, ids: systemIds, logger, metrics: createMetrics() });
  const signal = await untilTold(logger);
  logger.info({ signal }, 'told to stop');
  const clean = await service.stop(graceSeconds * 1_000);
  logger.info({ clean }, 'stopped');
  process.exitCode = clean ? 0 : 1;
}

function seconds(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 86_400)
    throw new InvalidArgumentError('a number of seconds up to 86400 is wanted');
  return number;
}
