/** `callbridge demo`: one fixture call through the whole service, in real time, told as it happens. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { writeWav } from '../audio/index.ts';
import { agentFor, type Config, type Env, loadConfig, processEnv } from '../config/index.ts';
import { type Clock, Failure, systemClock, systemIds } from '../lib/index.ts';
import {
  type CallResult,
  describePhoneEvent,
  type FixtureCall,
  type PhoneEvent,
  type PhoneNetwork,
  realNetwork,
  startProvider,
} from '../simulator/index.ts';
import { createLogger, createMetrics } from '../telemetry/index.ts';
import { callRecordSchema, type Entry } from '../transcript/index.ts';
import { orFail } from './fail.ts';
import { type Service, startService } from './service.ts';
import { SIMULATED_ACCOUNT_SID, SIMULATED_AUTH_TOKEN, simulatedEnv } from './simulated.ts';
import { fixtureNamed, startSimulatedModel } from './simulated-model.ts';

/** A record is written within milliseconds of the call's end; a slow disk is given this long. */
const RECORD_DEADLINE_MS = 10_000;
const POLL_MS = 50;
/** What the simulated phone believes it calls; the call itself stays on this machine. */
const PUBLIC_URL = 'https://callbridge.example';

const FORMATS = ['json', 'text', 'vtt'] as const;
const OUTCOMES = {
  completed: 'completed',
  callerGone: 'the caller hung up',
  transferred: 'put through',
  unanswered: 'nobody answered',
} as const;

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'plays a fixture call through the whole service: with Gemini when a key is set, else with a simulated model',
    )
    .argument('[fixture]', 'the name of a fixture call', 'question')
    .option('--data <folder>', 'where journals, records and sound go', 'data/demo')
    .action((fixture: string, { data }: { readonly data: string }) => orFail(() => demo(fixture, data)));
}

async function demo(name: string, data: string): Promise<void> {
  const fixture = fixtureNamed(name);
  if (fixture.phone.called !== undefined) {
    throw new Failure('CONFIG_INVALID', `In ${name} the service calls: use serve --simulate ${name}, and call ${name}`);
  }
  const env = processEnv();
  const model = hasCredentials(env) ? undefined : await startSimulatedModel(name);
  try {
    const config = demoConfig(env, model?.url, data);
    checkTools(fixture, config);
    const how = model ? 'with a simulated model (no Gemini credentials are set)' : `with Gemini, ${modelsOf(config)}`;
    console.log(`${fixture.title}, ${how}.\n`);
    await playThrough(fixture, config);
  } finally {
    await model?.close();
  }
}

async function playThrough(fixture: FixtureCall, config: Config): Promise<void> {
  const tools = {
    clock: systemClock,
    ids: systemIds,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  };
  const phone = { ...fixture.phone, to: numberToCall(config, fixture.phone.to) };
  const network = (): PhoneNetwork =>
    realNetwork(systemClock, { publicOrigin: PUBLIC_URL, origin: `http://127.0.0.1:${service?.port}` });
  const [accountSid, authToken] = [SIMULATED_ACCOUNT_SID, SIMULATED_AUTH_TOKEN];
  const parts = { clock: systemClock, ids: systemIds, network, onEvent: tellPhone, onOthersEvent: tellPhone };
  const provider = await startProvider({ phone, accountSid, authToken, ...parts });
  const twilio = { ...config.twilio, apiBaseUrl: provider.url };
  let service: Service | undefined;
  try {
    service = await startService({ ...config, twilio }, tools, { watch: (_callId, entry) => tellEntry(entry) });
    const result = await provider.incoming({
      voiceUrl: `${PUBLIC_URL}/twilio/voice`,
      statusUrl: `${PUBLIC_URL}/twilio/status`,
    });
    const others = await provider.others();
    const path = await finishedRecord(result.callSid, config, systemClock);
    // Stopping waits for the job to be done to its last step.
    await service.stop(0);
    report([result, ...others], path);
  } finally {
    await service?.stop(0);
    await provider.close();
  }
}

/** Whether Gemini was meant: wrong credentials are for the configuration's report, not for a simulated model. */
function hasCredentials(env: Env): boolean {
  const vertex = env['GOOGLE_GENAI_USE_VERTEXAI'] ?? '';
  return Boolean(env['GEMINI_API_KEY'] || env['GOOGLE_API_KEY']) || !/^(|0|false|no|off)$/i.test(vertex);
}

/**
 * The user's own agents, on a free port of this machine, with the embedded queue and a data folder of its own. Every file
 * is written, and no webhook is told of a call that was none.
 */
function demoConfig(env: Env, modelUrl: string | undefined, data: string): Config {
  const { REDIS_URL: _redis, ...rest } = env;
  const account = { TWILIO_ACCOUNT_SID: SIMULATED_ACCOUNT_SID, TWILIO_AUTH_TOKEN: SIMULATED_AUTH_TOKEN };
  const own = { ...rest, ...account, HOST: '127.0.0.1', PUBLIC_URL, DATA_DIR: data };
  const config = loadConfig({ env: modelUrl === undefined ? own : simulatedEnv(own, modelUrl), cwd: process.cwd() });
  const agents = config.agents.map((agent) => ({ ...agent, afterwards: { formats: [...FORMATS] } }));
  return { ...config, agents, http: { ...config.http, port: 0 } };
}

/** The number that the fixture calls, where an agent answers it; else one that an agent does answer. */
function numberToCall(config: Config, wanted: string): string {
  return agentFor(config, wanted) ? wanted : (config.agents[0]?.answers[0] ?? wanted);
}

/** Throws Failure CONFIG_INVALID for a call that cannot come out as it should, because the agent has not its tools. */
function checkTools({ name, phone, model }: FixtureCall, config: Config): void {
  const agent = agentFor(config, numberToCall(config, phone.to));
  const wanted = model.turns.flatMap(({ calls }) => calls?.map((call) => call.name) ?? []);
  const missing = wanted.filter((tool) => !agent?.toolSpecs.some((spec) => spec.name === tool));
  if (missing.length === 0) return;
  const why = config.leftOut.map(({ place, message }) => `\n– ${place}: ${message}`).join('');
  const who = agent?.name ?? 'nobody';
  throw new Failure(
    'CONFIG_INVALID',
    `${name} uses ${[...new Set(missing)].join(', ')}, and ${who} has no such tool${why}`,
  );
}

const modelsOf = ({ agents }: Config): string => [...new Set(agents.map((agent) => agent.live.model))].join(', ');

/** The dialogue as the transcript gets it: what was heard, once it was. */
function tellEntry(entry: Entry): void {
  if (entry.type === 'line') {
    const { speaker, kind, text, heardText, cut } = entry.line;
    const said = kind === 'digits' ? `presses ${text}` : (heardText ?? text);
    console.log(`           ${speaker === 'agent' ? ' agent' : 'caller'}: ${said}${cut ? ' — (cut off)' : ''}`);
  }
  if (entry.type === 'latency') console.log(`           answer after ${entry.responseMs} ms`);
  if (entry.type === 'event') console.log(`           ${entry.code} ${entry.detail}`);
}

function tellPhone(event: PhoneEvent, whose?: string): void {
  if (event.type === 'marked' || event.type === 'stepBegan') return;
  const who = whose === undefined ? '' : `${whose}: `;
  console.log(`${(event.atMs / 1_000).toFixed(2).padStart(7)} s  ${who}${describePhoneEvent(event)}`);
}

function report([call, ...others]: readonly [CallResult, ...CallResult[]], path: string): void {
  const record = callRecordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  const beside = (ending: string): string => path.replace(/json$/, ending);
  writeFileSync(beside('wav'), writeWav(call.heard, 8000));
  const files = ['json', 'txt', 'vtt', 'wav'].map(beside).filter((file) => existsSync(file));
  const { responses, usage, outcome, durationMs } = record;
  const latencies = responses.turns.map(({ responseMs }) => `${responseMs} ms`).join(', ');
  const ended = outcome.kind === 'failed' ? `failed (${outcome.code})` : OUTCOMES[outcome.kind];
  console.log(`
Outcome          ${ended}, after ${(durationMs / 1_000).toFixed(1)} s
Answer latency   ${latencies || 'nothing was asked'} (from the caller's last voice to the agent's first sound)
Tokens           ${usage.totalTokens}
Post-processing  the embedded queue wrote the record, as text and as subtitles too; the WAV is what the caller heard:
${files.map((file) => `  ${relative(process.cwd(), file)}`).join('\n')}`);
  const { scriptFailure } = [call, ...others].find((each) => each.scriptFailure !== undefined) ?? call;
  if (scriptFailure !== undefined) throw new Failure('STREAM_LOST', `The call did not go as planned: ${scriptFailure}`);
}

/** The path of the record as JSON, once the queue has written it. */
function finishedRecord(callId: string, { dirs }: Config, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    const startedMs = clock.nowMs();
    const cancel = clock.every(POLL_MS, () => {
      const name = readdirSync(dirs.records, { recursive: true, encoding: 'utf8' }).find((path) =>
        path.endsWith(`${callId}.json`),
      );
      const late = clock.nowMs() - startedMs > RECORD_DEADLINE_MS;
      if (name === undefined && !late) return;
      cancel();
      if (name !== undefined) resolve(join(dirs.records, name));
      else reject(new Failure('STEP_FAILED', `No record came within ${RECORD_DEADLINE_MS} ms; look into ${dirs.data}`));
    });
  });
}
