/** Plays a fixture call through the whole service on a hand-wound clock: a minute of talk takes a second or two. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';
import { startService } from '../../src/cli/service.ts';
import { simulatedEnv } from '../../src/cli/simulated.ts';
import { type Config, loadConfig } from '../../src/config/index.ts';
import {
  type CallResult,
  type FixtureCall,
  type LiveSimulator,
  type PhoneEvent,
  type ScenarioInput,
  startLiveSimulator,
  startProvider,
} from '../../src/simulator/index.ts';
import { createLogger, createMetrics, type LogLevel, type Metrics } from '../../src/telemetry/index.ts';
import { type CallRecord, callRecordSchema, type Entry } from '../../src/transcript/index.ts';
import { countingIds } from './counting-ids.ts';
import { dialInMemory } from './live-in-memory.ts';
import { ManualClock } from './manual-clock.ts';
import { memoryNetwork } from './memory-network.ts';
import { runningProcesses } from './real-work.ts';
import { SHIPPED } from './shipped.ts';
import { wound } from './wound.ts';

const AUTH_TOKEN = 'replay-auth-token';
const PUBLIC_URL = 'https://callbridge.example';
/** For calls that the service places. */
const ACCOUNT = `AC${'0'.repeat(32)}`;
const API_KEY = 'an-api-key-of-the-replays';

export interface Replay {
  readonly result: CallResult;
  /** The calls to others that came of it. */
  readonly others: readonly CallResult[];
  readonly record: CallRecord;
  readonly entries: readonly Entry[];
  readonly live: LiveSimulator;
  readonly metrics: Metrics;
  /** Timers that the service left armed after it had stopped. */
  readonly leftArmed: number;
  /** Journals that it left on disk. */
  readonly leftJournals: readonly string[];
  /** Ids of processes that it left running. */
  readonly leftProcesses: readonly (number | undefined)[];
}

export interface ReplayOptions {
  /** Instead of the fixture's model. */
  readonly model?: ScenarioInput;
  /** Changes the agents' turn taking. */
  readonly turnTaking?: Partial<Config['agents'][number]['live']['turnTaking']>;
  /** When the agents ask whether the caller is there; as their files say, unless it is given. */
  readonly idle?: Config['agents'][number]['idle'];
  /** In place of the configuration that is shipped. */
  readonly configDir?: string;
  /** In place of its agents: files by their path below the configuration's directory. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** When it begins, for those who compare it with clocks of their own. */
  readonly startMs?: number;
  /** The service has an account, by whose REST API it steers the call. */
  readonly account?: boolean;
  /** What the agents' callers get when nobody can speak with them. */
  readonly fallback?: Config['agents'][number]['fallback'];
  /** Once the service has started, before anybody calls. */
  readonly started?: (clock: ManualClock) => void;
  readonly watch?: (entry: Entry) => void;
  readonly onEvent?: (event: PhoneEvent) => void;
  readonly log?: (line: string) => void;
  /** Default: `info`. */
  readonly logLevel?: LogLevel;
  /** Paths of requests that another process answers late, or never: the clock does not wait for them. */
  readonly unanswered?: (path: string) => boolean;
}

export async function replay(fixture: FixtureCall, options: ReplayOptions = {}): Promise<Replay> {
  const clock = new ManualClock(options.startMs);
  const ids = countingIds();
  const data = mkdtempSync(join(tmpdir(), 'callbridge-replay-'));
  const live = await startLiveSimulator({ clock, ids, scenario: options.model ?? fixture.model });
  const entries: Entry[] = [];
  const metrics = createMetrics();
  const { log, logLevel: level = 'info' } = options;
  const logger = createLogger(log ? { level, destination: { write: log } } : { level: 'silent' });
  const tools = { clock, ids, logger, metrics };
  const { phone } = fixture;
  const provider = await startProvider({
    phone,
    accountSid: ACCOUNT,
    authToken: AUTH_TOKEN,
    network: () => memoryNetwork(service.server),
    clock,
    ids,
    onEvent: options.onEvent,
  });
  const account = { TWILIO_ACCOUNT_SID: ACCOUNT, TWILIO_API_BASE_URL: provider.url };
  const ordering = { CALLBRIDGE_API_KEY: API_KEY, OUTBOUND_ALLOWED: phone.to };
  const processes = runningProcesses();
  const config = configFor(data, {
    ...options,
    live: live.url,
    env: { ...options.env, ...((options.account || phone.called) && account), ...(phone.called && ordering) },
  });
  const service = await startService(config, tools, {
    watch: (_callId, entry) => {
      entries.push(entry);
      options.watch?.(entry);
    },
    dial: dialInMemory(live),
    loopDelay: { readMs: () => 0, stop: () => undefined },
  });
  // Its client of the REST API, say, is not to come late by the clock.
  await vi.dynamicImportSettled();
  const wind = <T>(work: Promise<T>): Promise<T> => wound(clock, work, options.unanswered);
  try {
    options.started?.(clock);
    if (phone.called !== undefined) await order(service.port, phone);
    const calling =
      phone.called === undefined
        ? provider.incoming({ voiceUrl: `${PUBLIC_URL}/twilio/voice`, statusUrl: `${PUBLIC_URL}/twilio/status` })
        : provider.ordered();
    const result = await wind(calling);
    const others = await wind(provider.others());
    const isAnalysed = fixture.expect.analysis !== undefined;
    const record = await vi.waitFor(() => readRecord(join(data, 'records'), isAnalysed), { timeout: 10_000 });
    await wind(service.stop(0));
    const leftJournals = readdirSync(join(data, 'journals'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.jsonl'),
    );
    const leftProcesses = runningProcesses().flatMap((one) => (processes.includes(one) ? [] : [one.pid]));
    const leftArmed = clock.armed;
    return { result, others, record, entries, live, metrics, leftArmed, leftJournals, leftProcesses };
  } finally {
    await wind(service.stop(0));
    await live.close();
    await provider.close();
    rmSync(data, { recursive: true, force: true });
  }
}

/** Has the service place the call, as its users do. */
async function order(port: number, { from, to, called }: FixtureCall['phone']): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ from, to, ...called?.order }),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
}

function configFor(data: string, options: ReplayOptions & { readonly live: string }): Config {
  const { turnTaking, fallback, configDir = join(SHIPPED, 'config'), files, env: more } = options;
  const dir = files === undefined ? configDir : givenConfig(join(data, 'config'), files);
  const env = { PUBLIC_URL, TWILIO_AUTH_TOKEN: AUTH_TOKEN, DATA_DIR: data, CONFIG_DIR: dir, ...more };
  const config = loadConfig({ env: simulatedEnv(env, options.live), cwd: SHIPPED });
  const agents = config.agents.map((agent) => ({
    ...agent,
    fallback: fallback ?? agent.fallback,
    idle: 'idle' in options ? options.idle : agent.idle,
    live: { ...agent.live, turnTaking: { ...agent.live.turnTaking, ...turnTaking } },
  }));
  return { ...config, agents, http: { ...config.http, port: 0 } };
}

function givenConfig(dir: string, files: Readonly<Record<string, string>>): string {
  cpSync(join(SHIPPED, 'config/models.yaml'), join(dir, 'models.yaml'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

function readRecord(folder: string, isAnalysed: boolean): CallRecord {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  // The subtitles are written last.
  if (!names.some((name) => name.endsWith('.vtt'))) throw new Error('no record yet');
  const json = names.find((name) => name.endsWith('.json'));
  const record = callRecordSchema.parse(JSON.parse(readFileSync(join(folder, json ?? ''), 'utf8')));
  if (isAnalysed && record.analysis === undefined) throw new Error('not analysed yet');
  return record;
}
