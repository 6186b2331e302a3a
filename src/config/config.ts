/** The configuration of a process: environment and files read once, judged whole, frozen. */
import { resolve } from 'node:path';
import { Failure } from '../lib/index.ts';
import type { Agent } from './agent.ts';
import { type LeftOut, readAgents } from './agents.ts';
import { type ApiConfig, readApi } from './api.ts';
import { type Backend, readBackend } from './backend.ts';
import { type Backends, readBackends } from './backends.ts';
import { type Catalogue, catalogueFile, catalogueFrom, type LiveModel } from './catalogue.ts';
import { createEnvironment, type Env, type Environment } from './environment.ts';
import { deepFreeze } from './freeze.ts';
import { clearTextWarning } from './plain-http.ts';
import { type Problem, Problems, report } from './problems.ts';
import { accountSid, baseUrl, credential, flag, logLevel, maxCalls, port, publicUrl, redisUrl } from './variables.ts';
import { judgeYaml, readYaml } from './yaml-file.ts';

/** What one core carries of relayed calls, by what is known of others like it; the next one gets a busy signal. */
const DEFAULT_MAX_CALLS = 500;

export interface ConfigSource {
  readonly env: Env;
  /** What relative paths are relative to. */
  readonly cwd: string;
}

/** What every process needs. */
export interface BaseConfig {
  readonly queue: { readonly redisUrl?: string | undefined };
  readonly dirs: {
    readonly config: string;
    readonly data: string;
    readonly journals: string;
    readonly records: string;
    readonly spool: string;
  };
  readonly log: { readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' };
  readonly agents: readonly Agent[];
  readonly models: readonly LiveModel[];
  readonly languages: Catalogue['languages'];
  /** The names of the prebuilt voices. */
  readonly voices: readonly string[];
  /** Of the models' prices. */
  readonly currency: string;
  /** What is not wrong but should be known, such as a model near its end. */
  readonly warnings: readonly Problem[];
  /** Agents that are not there because the environment lacks what they need. */
  readonly leftOut: readonly LeftOut[];
}

/** What a process needs that takes calls. `publicUrl` has no trailing slash. */
export interface Config extends BaseConfig {
  readonly http: { readonly host: string; readonly port: number; readonly publicUrl: string };
  /** `insecure` lets unsigned requests in; it is never set together with a token. */
  readonly twilio: {
    readonly accountSid?: string | undefined;
    readonly authToken?: string | undefined;
    /** Another REST API than Twilio's own, such as the simulator. */
    readonly apiBaseUrl?: string | undefined;
    readonly insecure: boolean;
  };
  /** `backend` is the environment's own, which is among the others. */
  readonly live: { readonly backend: Backend; readonly backends: Backends };
  readonly calls: CallsConfig;
  readonly api: ApiConfig;
}

export interface CallsConfig {
  /** How many calls this process has at once. */
  readonly max: number;
}

/** What a worker needs: it takes its jobs from Redis. */
export interface WorkerConfig extends BaseConfig {
  readonly queue: { readonly redisUrl: string };
  /** For agents that want something found out about their calls; undefined: there are none. */
  readonly live?: { readonly backends: Backends } | undefined;
}

/** A configuration under examination: the parts that could be read, whatever is wrong with the others. */
export interface Inspection extends BaseConfig {
  readonly http?: Config['http'] | undefined;
  readonly twilio: Config['twilio'];
  readonly backend?: Backend | undefined;
  readonly backends?: Backends | undefined;
  readonly calls: CallsConfig;
  readonly api: ApiConfig;
  readonly problems: readonly Problem[];
}

/** Throws Failure CONFIG_INVALID, whose message is the report of all problems. */
export function loadConfig(source: ConfigSource): Config {
  const { problems, backend, backends, http, ...rest } = inspectConfig(source);
  if (problems.length > 0 || http === undefined || backend === undefined || backends === undefined) {
    throw invalid(problems);
  }
  return deepFreeze({ ...rest, http, live: { backend, backends } });
}

/** As `loadConfig`, for a process that answers no calls. */
export function loadWorkerConfig(source: ConfigSource): WorkerConfig {
  const reading = beginReading(source);
  const base = readBase(reading, undefined);
  const { redisUrl } = base.queue;
  if (reading.environment.raw('REDIS_URL') === undefined) {
    reading.problems.add(
      'REDIS_URL',
      'is missing: a worker takes its jobs from Redis (without it, `serve` does the work)',
    );
  }
  const asks = base.agents.some(({ afterwards }) => (afterwards.analysis ?? afterwards.redact?.find) !== undefined);
  const { backends } = asks ? readLive(reading) : {};
  if (reading.problems.list.length > 0 || redisUrl === undefined) throw invalid(reading.problems.list);
  return deepFreeze({ ...base, queue: { redisUrl }, live: backends && { backends } });
}

/** The models, voices and languages alone. Throws Failure CONFIG_INVALID. */
export function loadCatalogue(source: ConfigSource): Catalogue {
  const reading = beginReading(source);
  const catalogue = readCatalogue(reading, directory(reading, 'CONFIG_DIR', 'config'));
  if (catalogue === undefined) throw invalid(reading.problems.list);
  return deepFreeze(catalogue);
}

/** Where models.yaml and the agents are. */
export function configDir(source: ConfigSource): string {
  return directory(beginReading(source), 'CONFIG_DIR', 'config').path;
}

/** Reads all that can be read and throws nothing. */
export function inspectConfig(source: ConfigSource): Inspection {
  const reading = beginReading(source);
  const http = readHttp(reading);
  const twilio = readTwilio(reading);
  const { backend, backends } = readLive(reading);
  const base = readBase(reading, { backend, backends });
  const calls = { max: reading.environment.read('MAX_CALLS', maxCalls) ?? DEFAULT_MAX_CALLS };
  const api = readApi(reading.environment);
  return { http, twilio, backend, backends, calls, api, ...base, problems: reading.problems.list };
}

function readLive(reading: Reading): Pick<Inspection, 'backend' | 'backends'> {
  const backend = readBackend(reading);
  const dir = directory(reading, 'CONFIG_DIR', 'config');
  const file = { path: resolve(dir.path, 'backends.yaml'), label: `${dir.label}/backends.yaml` };
  return { backend, backends: readBackends({ ...reading, ...file }, backend) };
}

interface Reading extends ConfigSource {
  readonly environment: Environment;
  readonly problems: Problems;
  readonly warnings: Problems;
}

function beginReading(source: ConfigSource): Reading {
  const problems = new Problems();
  return { ...source, environment: createEnvironment(source.env, problems), problems, warnings: new Problems() };
}

function invalid(problems: readonly Problem[]): Failure {
  return new Failure('CONFIG_INVALID', report(problems));
}

function readHttp({ environment, problems }: Reading): Config['http'] | undefined {
  const url = environment.read('PUBLIC_URL', publicUrl);
  if (environment.raw('PUBLIC_URL') === undefined) {
    problems.add(
      'PUBLIC_URL',
      'is missing: set it to the https URL by which Twilio reaches this service, such as https://voice.example.com',
    );
  }
  const http = { host: environment.raw('HOST') ?? '0.0.0.0', port: environment.read('PORT', port) ?? 8_080 };
  return url === undefined ? undefined : { ...http, publicUrl: url };
}

function readTwilio({ environment, problems, warnings }: Reading): Config['twilio'] {
  const authToken = environment.read('TWILIO_AUTH_TOKEN', credential);
  const insecure = environment.read('CALLBRIDGE_INSECURE', flag) ?? false;
  const hasToken = environment.raw('TWILIO_AUTH_TOKEN') !== undefined;
  if (!hasToken && !insecure) {
    problems.add(
      'TWILIO_AUTH_TOKEN',
      'is missing: copy it from the Twilio console; for tests on this machine alone, CALLBRIDGE_INSECURE=1 lets unsigned calls in',
    );
  }
  if (hasToken && insecure) warnings.add('CALLBRIDGE_INSECURE', 'has no effect, because TWILIO_AUTH_TOKEN is set');
  if (!hasToken && insecure) {
    warnings.add('CALLBRIDGE_INSECURE', 'lets in anybody who finds the port: for tests on this machine alone');
  }
  const apiBaseUrl = environment.read('TWILIO_API_BASE_URL', baseUrl);
  warnings.addIf('TWILIO_API_BASE_URL', clearTextWarning(apiBaseUrl, 'the auth token'));
  return {
    accountSid: environment.read('TWILIO_ACCOUNT_SID', accountSid),
    authToken,
    apiBaseUrl,
    insecure: insecure && !hasToken,
  };
}

/** What the process needs that answers calls, and a worker does not. */
interface ForCalls {
  readonly backend: Backend | undefined;
  readonly backends: Backends | undefined;
}

function readBase(reading: Reading, forCalls: ForCalls | undefined): BaseConfig {
  const { environment, problems, warnings } = reading;
  const config = directory(reading, 'CONFIG_DIR', 'config');
  const data = directory(reading, 'DATA_DIR', 'data');
  const catalogue = readCatalogue(reading, config);
  const { agents, leftOut } = readAgents({
    dir: resolve(config.path, 'agents'),
    label: `${config.label}/agents`,
    sounds: { dir: resolve(config.path, 'sounds'), label: `${config.label}/sounds` },
    toolFiles: forCalls && { dir: resolve(config.path, 'tools'), label: `${config.label}/tools` },
    catalogue,
    api: forCalls?.backend?.kind,
    backends: forCalls?.backends,
    environment,
    problems,
    warnings,
  });
  return {
    queue: { redisUrl: environment.read('REDIS_URL', redisUrl) },
    dirs: {
      config: config.path,
      data: data.path,
      journals: resolve(data.path, 'journals'),
      records: resolve(data.path, 'records'),
      spool: resolve(data.path, 'spool'),
    },
    log: { level: readLogLevel(environment) },
    agents,
    models: catalogue?.models ?? [],
    languages: catalogue?.languages ?? { developer: [], vertex: [] },
    voices: Object.keys(catalogue?.voices ?? {}),
    currency: catalogue?.currency ?? '',
    warnings: warnings.list,
    leftOut,
  };
}

/** A directory as the operator calls it and as an absolute path. */
interface Directory {
  readonly label: string;
  readonly path: string;
}

function directory({ environment, cwd }: Reading, name: string, byDefault: string): Directory {
  const label = (environment.raw(name) ?? byDefault).replace(/(?<=.)\/+$/, '');
  return { label, path: resolve(cwd, label) };
}

function readCatalogue({ problems }: Reading, config: Directory): Catalogue | undefined {
  const label = `${config.label}/models.yaml`;
  const file = readYaml(resolve(config.path, 'models.yaml'), label, problems);
  const content = file && judgeYaml(file, catalogueFile, problems).content;
  return content && catalogueFrom(content);
}

/** DEBUG=true means debug; other values of DEBUG belong to the `debug` package of libraries. */
function readLogLevel(environment: Environment): BaseConfig['log']['level'] {
  const level = environment.read('LOG_LEVEL', logLevel) ?? 'info';
  return /^(1|true)$/i.test(environment.raw('DEBUG') ?? '') ? 'debug' : level;
}
