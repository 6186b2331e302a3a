/** `callbridge doctor`: checks all that a service needs before it takes calls, and says what to do about what is wrong. */
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import {
  type Backend,
  type ConfigSource,
  type Inspection,
  inspectConfig,
  liveRoutes,
  type NamedBackend,
  processEnv,
} from '../config/index.ts';
import { type Clock, Failure, systemClock, withDeadline } from '../lib/index.ts';
import { type AskGoogle, liveHeaders } from '../live/index.ts';
import { twilioClient } from '../telephony/index.ts';
import { isUnreachable, reason } from './reason.ts';
import { inspectToolboxes } from './toolboxes.ts';

/** What a check found: ✔ in order, ✖ to be mended, – not checked or only to be known. */
type Finding = readonly [mark: '✔' | '✖' | '–', text: string];

type Check = (signal: AbortSignal) => Promise<readonly Finding[]>;

/** What the checks stand on; tests bring their own. */
export interface Surroundings {
  readonly clock: Clock;
  readonly nodeVersion: string;
  /** Who gives tokens for Vertex AI; undefined for Google, by the configured key file. */
  readonly askGoogle?: AskGoogle | undefined;
}

/** Far more than any of the services takes, and still bearable to wait for. */
const CHECK_DEADLINE_MS = 10_000;
/** Room for thousands of transcripts, and time to react. */
const MIN_FREE_BYTES = 256 * 2 ** 20;
const DEVELOPER_URL = 'https://generativelanguage.googleapis.com';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('checks configuration, credentials, Redis and the public URL, and says what to do')
    .action(async () => {
      const source = { env: processEnv(), cwd: process.cwd() };
      const surroundings = { clock: systemClock, nodeVersion: process.versions.node };
      const healthy = await doctor({ out: console.log }, source, surroundings);
      if (!healthy) process.exitCode = 1;
    });
}

/** Prints a line for each finding; false when something has to be mended. */
export async function doctor(
  io: { readonly out: (line: string) => void },
  source: ConfigSource,
  { clock, nodeVersion, askGoogle }: Surroundings,
): Promise<boolean> {
  const config = inspectConfig(source);
  const checks: readonly (readonly [name: string, check: Check])[] = [
    ['Node', async () => [checkNode(nodeVersion)]],
    ['configuration', async () => checkConfiguration(config)],
    ['tools', async () => checkTools(config, clock)],
    ['Live', (signal) => checkLive(config, clock, askGoogle, signal)],
    ['Twilio', async () => [await checkTwilio(config)]],
    ['Redis', async (signal) => [await checkRedis(config, signal)]],
    ['DATA_DIR', async () => [await checkDataDir(config)]],
    ['PUBLIC_URL', async (signal) => [await checkPublicUrl(config, signal)]],
  ];
  const running = checks.map(([name, check]) => examine(name, check, clock));
  let healthy = true;
  for (const findings of running) {
    for (const [mark, text] of await findings) {
      io.out(`${mark} ${text}`);
      if (mark === '✖') healthy = false;
    }
  }
  return healthy;
}

/** Never rejects: what a check throws is what it found. */
async function examine(name: string, check: Check, clock: Clock): Promise<readonly Finding[]> {
  const abort = new AbortController();
  const late = () => new Error(`no answer within ${CHECK_DEADLINE_MS / 1_000} s`);
  try {
    return await withDeadline(clock, CHECK_DEADLINE_MS, check(abort.signal), late);
  } catch (error) {
    return [['✖', `${name}: ${reason(error)}`]];
  } finally {
    abort.abort();
  }
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) return ['✖', `Node ${version}: install 24 (20.19 is the least)`];
  return ['✔', `Node ${version}`];
}

function checkConfiguration({ problems, warnings, leftOut, agents, dirs }: Inspection): Finding[] {
  const names = agents.map(({ name }) => name).join(', ');
  return [
    ...problems.map(({ place, message }): Finding => ['✖', `${place}: ${message}`]),
    ...[...warnings, ...leftOut].map(({ place, message }): Finding => ['–', `${place}: ${message}`]),
    ...(problems.length === 0 ? [['✔', `configuration in ${dirs.config}, agents: ${names}`] as const] : []),
  ];
}

async function checkTools({ agents }: Inspection, clock: Clock): Promise<Finding[]> {
  const { tools, problems, close } = await inspectToolboxes(agents, { clock });
  await close();
  if (problems.length > 0) return problems.map((problem): Finding => ['✖', problem]);
  const names = [...tools.values()].flat().map(({ declaration }) => declaration.name);
  return names.length === 0 ? [] : [['✔', `tools: ${names.join(', ')}`]];
}

/** Every back end that a session may go by. */
async function checkLive(
  config: Inspection,
  clock: Clock,
  askGoogle: AskGoogle | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { backend, backends } = config;
  if (backend === undefined) return [['–', 'Live: not checked, because its configuration is incomplete']];
  const all = backends?.all ?? [{ name: 'primary', backend }];
  const findings = await Promise.all(all.map((each) => checkBackend(config, each, clock, askGoogle, signal)));
  return findings.flat();
}

async function checkBackend(
  config: Inspection,
  { name, backend }: NamedBackend,
  clock: Clock,
  askGoogle: AskGoogle | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  const which = name === 'primary' ? '' : ` (${name})`;
  try {
    const headers = await liveHeaders(backend, clock, askGoogle)();
    if (backend.kind === 'developer') return await checkModels(config, name, backend, headers, signal);
    return [['✔', `Vertex AI${which}: Google gave a token for project ${backend.project} in ${backend.location}`]];
  } catch (error) {
    // A token that did not come for want of an answer: the credentials may be right.
    if (error instanceof Failure && error.code === 'LIVE_HANDSHAKE') {
      return [['✖', `Live${which}: ${reason(error)}: check the network or a proxy, or try again later`]];
    }
    if (error instanceof Failure) return [['✖', `Live${which}: ${reason(error)}`]];
    if (!isUnreachable(error)) throw error;
    const url = name === 'primary' ? 'GOOGLE_GEMINI_BASE_URL' : 'its baseUrl';
    return [['✖', `Live${which}: ${reason(error)}: check the network, a proxy, or ${url}`]];
  }
}

/** https://ai.google.dev/api/models#method:-models.list, with the names that stand there. */
const modelList = z.looseObject({
  models: z.array(z.looseObject({ name: z.string(), supportedGenerationMethods: z.array(z.string()).default([]) })),
});

async function checkModels(
  config: Inspection,
  name: string,
  { baseUrl }: Extract<Backend, { kind: 'developer' }>,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const api = name === 'primary' ? 'Developer API' : `Developer API (${name})`;
  const response = await fetch(`${baseUrl ?? DEVELOPER_URL}/v1beta/models?pageSize=1000`, { headers, signal });
  if ([400, 401, 403].includes(response.status)) {
    const key = name === 'primary' ? 'GEMINI_API_KEY' : 'the variable of its keyEnv';
    return [['✖', `${api}: the key is refused (HTTP ${response.status}): set ${key} to a valid one`]];
  }
  if (response.status === 404 && baseUrl !== undefined) {
    return [['–', `${api}: ${baseUrl} answers, but lists no models to compare with`]];
  }
  if (!response.ok) return [['✖', `${api}: HTTP ${response.status}; try again later`]];
  const offered = modelList
    .parse(await response.json())
    .models.filter((model) => model.supportedGenerationMethods.includes('bidiGenerateContent'))
    .map(({ name }) => name.replace(/^models\//, ''));
  const wanted = wantedModels(config, name);
  const findings = wanted.map((model): Finding => {
    if (offered.includes(model)) return ['✔', `${api}: offers ${model}`];
    return ['✖', `${api}: does not offer ${model} to this key; it offers ${offered.join(', ') || 'no Live model'}`];
  });
  return [['✔', `${api}: takes the key`], ...findings];
}

/** The models for which an agent may come to this back end. */
function wantedModels({ agents, models, languages, backends }: Inspection, name: string): string[] {
  const routes = backends && agents.flatMap((agent) => liveRoutes({ models, languages, live: { backends } }, agent));
  const here = routes?.filter(({ backendName }) => backendName === name).map(({ settings }) => settings.model);
  return [...new Set(here ?? agents.map(({ live }) => live.model))];
}

async function checkTwilio({ twilio }: Inspection): Promise<Finding> {
  const { accountSid, authToken, apiBaseUrl: baseUrl } = twilio;
  if (twilio.insecure) return ['–', 'Twilio: not checked; CALLBRIDGE_INSECURE=1 lets anybody in who finds the port'];
  if (authToken === undefined) return ['–', 'Twilio: not checked, because TWILIO_AUTH_TOKEN is not set'];
  if (accountSid === undefined) {
    return ['–', 'Twilio: not checked; set TWILIO_ACCOUNT_SID so that the token can be tried and calls ended by REST'];
  }
  const client = await twilioClient({ accountSid, authToken, baseUrl }, CHECK_DEADLINE_MS);
  try {
    const account = await client.api.v2010.accounts(accountSid).fetch();
    if (account.status === 'active') return ['✔', `Twilio: account ${accountSid} is active`];
    return ['✖', `Twilio: account ${accountSid} is ${account.status}: see the Twilio console`];
  } catch (error) {
    if (isUnreachable(error)) {
      return ['✖', `Twilio: ${reason(error)}: check the network, a proxy, or TWILIO_API_BASE_URL`];
    }
    const refused = error instanceof Error && 'status' in error && error.status === 401;
    if (!refused) throw error;
    return ['✖', 'Twilio: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN do not belong together: copy both from the console'];
  }
}

async function checkRedis({ queue }: Inspection, signal: AbortSignal): Promise<Finding> {
  if (queue.redisUrl === undefined) return ['–', 'Redis: REDIS_URL is not set; the queue is a directory in DATA_DIR'];
  const { Redis } = await import('ioredis');
  const redis = new Redis(queue.redisUrl, { lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null });
  let cause: Error | undefined;
  redis.on('error', (error) => {
    cause = error;
  });
  signal.addEventListener('abort', () => redis.disconnect());
  try {
    await redis.connect();
    await redis.ping();
    return ['✔', 'Redis: answers'];
  } catch (error) {
    const why = reason(cause ?? error);
    const advice = why.startsWith('LOADING') ? 'try later' : 'is it running, and is REDIS_URL right?';
    return ['✖', `Redis: ${why}: ${advice}`];
  } finally {
    redis.disconnect();
  }
}

async function checkDataDir({ dirs }: Inspection): Promise<Finding> {
  try {
    await mkdir(dirs.data, { recursive: true });
    const trial = await mkdtemp(join(dirs.data, 'doctor-'));
    await writeFile(join(trial, 'written'), 'by callbridge doctor\n');
    await rm(trial, { recursive: true });
  } catch (error) {
    return ['✖', `DATA_DIR: ${dirs.data} cannot be written (${reason(error)}): give this user the right to`];
  }
  const { bavail, bsize } = await statfs(dirs.data);
  const free = `${Math.round((bavail * bsize) / 2 ** 20)} MiB free`;
  if (bavail * bsize < MIN_FREE_BYTES) return ['✖', `DATA_DIR: ${dirs.data} has only ${free}: make room`];
  return ['✔', `DATA_DIR: ${dirs.data} can be written, ${free}`];
}

/** From here it cannot be told whether a URL that does not answer is wrong or only has no service behind it, so both are asked. */
async function checkPublicUrl({ http }: Inspection, signal: AbortSignal): Promise<Finding> {
  if (http === undefined) return ['–', 'PUBLIC_URL: not checked, because it is not set'];
  const outside = await health(`${http.publicUrl}/healthz`, signal);
  if (outside === 'answers') return ['✔', `PUBLIC_URL: the service answers at ${http.publicUrl}`];
  const host = http.host === '0.0.0.0' || http.host === '::' ? '127.0.0.1' : http.host;
  const local = `http://${host.includes(':') ? `[${host}]` : host}:${http.port}`;
  if ((await health(`${local}/healthz`, signal)) === 'answers') {
    return [
      '✖',
      `PUBLIC_URL: the service answers at ${local} but not at ${http.publicUrl} (${outside}): check proxy, tunnel and DNS`,
    ];
  }
  return ['–', `PUBLIC_URL: no service runs here to be reached; start one (callbridge serve) and run this again`];
}

async function health(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, { signal, redirect: 'manual' });
    await response.body?.cancel();
    return response.ok ? 'answers' : `HTTP ${response.status}`;
  } catch (error) {
    return reason(error);
  }
}
