/** `callbridge serve`: takes calls until it is told to stop, and then lets them end. */
import { Command, InvalidArgumentError } from 'commander';
import { type Config, type Env, loadConfig, processEnv } from '../config/index.ts';
import { Failure, systemClock, systemIds } from '../lib/index.ts';
import { isWorker, Member, primaryChannel } from '../processes/index.ts';
import { createLogger, createMetrics, type Logger } from '../telemetry/index.ts';
import { isMissingPart, orFail } from './fail.ts';
import { leaveOnDefects } from './last-resort.ts';
import { MAX_PROCESSES, processCount, runPrimary } from './processes.ts';
import { type Service, startService } from './service.ts';
import { orderingEnv, SIMULATED_REST_URL, simulatedAccountEnv, simulatedEnv } from './simulated.ts';
import { ignoreSignals, untilTold } from './until-told.ts';

interface Options {
  /** True without a scenario's name. */
  readonly simulate?: string | true;
  readonly grace: number;
  readonly processes?: number;
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('takes calls; settings come from the environment and from CONFIG_DIR')
    .option('--simulate [fixture]', 'with a simulated model, which acts as in that fixture call; no credentials needed')
    .option('--grace <seconds>', 'how long running calls may go on after SIGTERM', seconds, 240)
    .option(
      '--processes <n>',
      'how many processes take calls; with REDIS_URL one on each core, without it one',
      processes,
    )
    .configureOutput({ outputError: (text, write) => write(text + afterNpm(text)) })
    .action((options: Options) =>
      orFail(() => (isWorker() ? serveAsWorker(options) : serve(options)), { port: 'PORT', host: 'HOST' }),
    );
}

/** npm takes options for its own, and hands on what is left of them. */
function afterNpm(error: string): string {
  return /too many arguments/.test(error) ? 'Did you forget -- after npm start? npm start -- --simulate menu\n' : '';
}

async function serve(options: Options): Promise<void> {
  const { simulate } = options;
  const env = processEnv();
  if (simulate === undefined) return serveWith(loadConfig({ env, cwd: process.cwd() }), options, undefined);
  const { startSimulatedModel } = await import('./simulated-model.ts').catch(withoutSimulator);
  const model = await startSimulatedModel(simulate === true ? undefined : simulate);
  try {
    const settings = await simulatedSettings(env, model.url, simulate);
    await serveWith(loadConfig({ env: settings, cwd: process.cwd() }), options, model.url);
  } finally {
    await model.close();
  }
}

async function serveWith(
  config: Config,
  { grace, processes, simulate }: Options,
  modelUrl: string | undefined,
): Promise<void> {
  const count = processCount(processes, config);
  const logger = createLogger({ level: config.log.level });
  leaveOnDefects(logger);
  for (const { place, message } of config.warnings) logger.warn({ place }, message);
  for (const { place, message } of config.leftOut) logger.info({ place }, message);
  const onServing = (): void => {
    if (simulate !== undefined) sayHowToCall(config, simulate);
  };
  process.exitCode =
    count === 1
      ? await serveAlone(config, grace, logger, onServing)
      : await runPrimary({ count, graceSeconds: grace, modelUrl, onServing }, logger);
}

function sayHowToCall({ http, twilio }: Config, simulate: string | true): void {
  const fixture = simulate === true ? 'question' : simulate;
  console.error(
    `The model is simulated. Call it from another terminal:\n\n  npm run callbridge -- call ${fixture} --url ${http.publicUrl}\n`,
  );
  if (twilio.apiBaseUrl !== undefined) return;
  console.error(
    `Your Twilio account steers the calls, and knows none of a simulated phone: for those, unset TWILIO_ACCOUNT_SID, or set TWILIO_API_BASE_URL=${SIMULATED_REST_URL}\n`,
  );
}

/** Resolves with the exit code. */
async function serveAlone(
  config: Config,
  graceSeconds: number,
  logger: Logger,
  onServing: () => void,
): Promise<number> {
  const service = await startService(config, { clock: systemClock, ids: systemIds, logger, metrics: createMetrics() });
  const told = untilTold(logger);
  onServing();
  return leave(service, await told, graceSeconds, logger);
}

/** One of several: the primary has judged the settings, tells which one this is, and when to stop. */
async function serveAsWorker({ grace, simulate }: Options): Promise<void> {
  ignoreSignals();
  const member = new Member({ channel: primaryChannel(), clock: systemClock });
  try {
    const { number, modelUrl } = await member.placed;
    const env = processEnv();
    const cwd = process.cwd();
    const settings = modelUrl === undefined ? env : await simulatedSettings(env, modelUrl, simulate);
    const config = loadConfig({ env: settings, cwd });
    const logger = createLogger({ level: config.log.level }).child({ process: number });
    leaveOnDefects(logger);
    const metrics = createMetrics();
    const siblings = { number, passOn: member.passOn.bind(member), sum: () => member.sum() };
    const tools = { clock: systemClock, ids: systemIds, logger, metrics };
    const service = await startService(config, tools, { siblings, alone: member.alone });
    member.serve({ take: service.take, metrics: metrics.snapshot }, logger);
    process.exitCode = await leave(service, await member.told, grace, logger);
  } finally {
    member.close();
  }
}

async function leave(service: Service, signal: string, graceSeconds: number, logger: Logger): Promise<number> {
  logger.info({ signal }, 'told to stop');
  const clean = await service.stop(graceSeconds * 1_000);
  logger.info({ clean }, 'stopped');
  return clean ? 0 : 1;
}

/** In a fixture call that the service places, it needs somebody to order it, too. */
async function simulatedSettings(env: Env, modelUrl: string, simulate: Options['simulate']): Promise<Env> {
  const { numberCalled } = await import('./simulated-model.ts').catch(withoutSimulator);
  const to = numberCalled(simulate === true ? undefined : simulate);
  return simulatedAccountEnv(simulatedEnv(to === undefined ? env : orderingEnv(env, to), modelUrl));
}

function withoutSimulator(error: unknown): never {
  if (!isMissingPart(error)) throw error;
  throw new Failure('CONFIG_INVALID', 'This build has no simulator: use the dev image, or a checkout.');
}

function seconds(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 86_400)
    throw new InvalidArgumentError('a number of seconds up to 86400 is wanted');
  return number;
}

function processes(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > MAX_PROCESSES)
    throw new InvalidArgumentError(`a number from 1 to ${MAX_PROCESSES} is wanted`);
  return number;
}
