/** The queue and its worker as this process needs them: Redis's when there is one, the embedded spool otherwise. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, type Config, carriers } from '../config/index.ts';
import { type Clock, Failure, type Ids } from '../lib/index.ts';
import { createTextModel, liveHeaders } from '../live/index.ts';
import {
  type AfterwardsFor,
  type Announcer,
  type AskModel,
  analysedBy,
  analysisStep,
  createAnnouncer,
  createBullQueue,
  createBullWorker,
  createProcessor,
  createSpoolQueue,
  createSpoolWorker,
  deliverAnalysed,
  deliverWebhook,
  findPersonalData,
  type JobQueue,
  type PriceList,
  type Process,
  RETRY,
  Spool,
  type Worker,
  withCallCost,
  withFindingCost,
  writeAnalysed,
  writeRecord,
  writeText,
  writeVtt,
} from '../postprocess/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { ANALYSES, type Owners } from '../transcript/index.ts';

/** Jobs wait for disks and webhooks, not for the processor: a few at a time keep one slow receiver from stopping all. */
const CONCURRENCY = 8;

export type PostprocessingConfig = Pick<Config, 'agents' | 'leftOut' | 'dirs' | 'queue' | 'models' | 'currency'> & {
  /** Whom to ask about calls that are over; undefined: no agent wants it. */
  readonly live?: Pick<Config['live'], 'backends'> | undefined;
};

export interface Tools {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Postprocessing {
  readonly queue: JobQueue;
  /** Undefined when the jobs are another process's work. */
  readonly worker: Worker | undefined;
}

/** With Redis, jobs are for `callbridge worker`; without, this process does them itself. */
export async function openPostprocessing(
  config: PostprocessingConfig,
  owners: Owners,
  tools: Tools,
): Promise<Postprocessing> {
  const { redisUrl } = config.queue;
  if (redisUrl !== undefined) {
    warnOfSpooledJobs(config.dirs.spool, tools.logger);
    return { queue: createBullQueue({ redisUrl, retry: RETRY, ...tools }), worker: undefined };
  }
  const spool = await Spool.open({ folder: config.dirs.spool, owners, clock: tools.clock });
  const worker = createSpoolWorker(spool, workerOptions(config, tools));
  return { queue: createSpoolQueue(spool), worker };
}

/** Jobs that were spooled before Redis was set are nobody's work now. */
function warnOfSpooledJobs(folder: string, logger: Logger): void {
  const waiting = join(folder, 'waiting');
  const jobs = existsSync(waiting) ? readdirSync(waiting).length : 0;
  if (jobs > 0) logger.warn({ jobs, folder }, 'jobs wait in the spool: serve once without REDIS_URL to have them done');
}

/** The worker that takes its jobs from Redis. */
export function openRedisWorker(
  config: PostprocessingConfig & { readonly queue: { readonly redisUrl: string } },
  tools: Tools,
): Postprocessing & { worker: Worker } {
  const { redisUrl } = config.queue;
  return {
    queue: createBullQueue({ redisUrl, retry: RETRY, ...tools }),
    worker: createBullWorker({ redisUrl, ...workerOptions(config, tools) }),
  };
}

/** Who tells receivers of calls that were answered, beside the queue. */
export function openAnnouncer({ agents }: Pick<Config, 'agents'>, tools: Tools): Announcer {
  return createAnnouncer({ afterwardsFor: afterwardsOf(agents), ...tools });
}

function afterwardsOf(agents: readonly Agent[]): AfterwardsFor {
  const byName = new Map(agents.map((agent) => [agent.name, agent]));
  return (name) => byName.get(name)?.afterwards;
}

/** For jobs: what is wanted for the calls of an agent that is left out here, is known elsewhere, or later. */
function afterwardsOrFail({ agents, leftOut }: Pick<Config, 'agents' | 'leftOut'>): AfterwardsFor {
  const afterwardsFor = afterwardsOf(agents);
  const whyMissing = new Map(leftOut.map(({ agent, place, message }) => [agent, `${message} (${place})`]));
  return (name) => {
    const why = whyMissing.get(name);
    if (why !== undefined) throw new Failure('AGENT_LEFT_OUT', why);
    return afterwardsFor(name);
  };
}

function workerOptions(config: PostprocessingConfig, tools: Tools) {
  return { process: processor(config, tools), concurrency: CONCURRENCY, retry: RETRY, ...tools };
}

function processor(config: PostprocessingConfig, tools: Tools): Process {
  const { dirs, models, currency } = config;
  const { clock, logger, metrics } = tools;
  const prices: PriceList = { currency, pricesOf: (model) => models.find(({ name }) => name === model)?.prices };
  const afterwardsFor = afterwardsOrFail(config);
  const files = { folder: dirs.records, afterwardsFor };
  const analysed = analysedBy(afterwardsFor, prices);
  const asking = { afterwardsFor, ask: askModel(config, tools), clock, logger, metrics };
  const [json, text] = [writeRecord(files), writeText(files)];
  const steps = [
    findPersonalData(asking),
    json,
    text,
    writeVtt(files),
    deliverWebhook({ afterwardsFor, clock, logger }),
    ...ANALYSES.map((name) => analysisStep(name, asking)),
    writeAnalysed(analysed, [json, text]),
    deliverAnalysed(analysed, { afterwardsFor, clock, logger }),
  ];
  return createProcessor(steps, (record, results) => withFindingCost(withCallCost(record, prices), results, prices));
}

/** By the back ends that offer the model, in their order. */
function askModel({ models, live }: PostprocessingConfig, { clock }: Tools): AskModel {
  const headers = new Map(live?.backends.all.map(({ name, backend }) => [name, liveHeaders(backend, clock)] as const));
  return (question) => {
    const model = models.find(({ name }) => name === question.model);
    const offering = live === undefined || model === undefined ? [] : carriers(live.backends, model);
    const on = offering.map(({ name, backend }) => ({ backend, headers: headers.get(name)! }));
    return createTextModel(on, clock)(question);
  };
}
