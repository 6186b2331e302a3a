/** A service that places calls: with a simulated Twilio, whose callees the test chooses, on a hand-wound clock. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { startService } from '../../src/cli/service.ts';
import { simulatedEnv } from '../../src/cli/simulated.ts';
import { loadConfig } from '../../src/config/index.ts';
import {
  type Callee,
  type CallResult,
  callScript,
  createExchange,
  createLiveSimulator,
  createSwitchboard,
  type Exchange,
  type LiveSimulator,
  type PhoneNetwork,
  type ProviderHabitsInput,
  person,
  placeCall,
  type ScenarioInput,
  startTwilioSimulator,
  type TwilioSimulator,
} from '../../src/simulator/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import { type CallRecord, callRecordSchema } from '../../src/transcript/index.ts';
import { countingIds } from './counting-ids.ts';
import { documentedAnswers } from './documented-answers.ts';
import { dialInMemory } from './live-in-memory.ts';
import { ManualClock } from './manual-clock.ts';
import { memoryNetwork } from './memory-network.ts';
import { wound } from './wound.ts';

const ROOT = join(import.meta.dirname, '../..');
const PUBLIC_URL = 'https://callbridge.example';
const ACCOUNT = `AC${'0'.repeat(32)}`;
const AUTH_TOKEN = 'outbound-auth-token';
export const API_KEY = 'an-api-key-of-the-tests';
export const OUR_NUMBER = '+15550100';
export const ADA = '+15550177';
export const CALLER = '+15550142';

export interface OutboundOptions {
  /** Below `answers` and `instruction` of the one agent, `caller`. */
  readonly agent?: string;
  readonly instruction?: string;
  readonly callees?: Readonly<Record<string, Callee>>;
  readonly model?: ScenarioInput;
  readonly env?: Readonly<Record<string, string>>;
  readonly habits?: ProviderHabitsInput;
  /** No stream can be opened. */
  readonly refusesStreams?: boolean;
}

export interface Outbound {
  readonly clock: ManualClock;
  readonly live: LiveSimulator;
  readonly twilio: TwilioSimulator;
  readonly exchange: Exchange;
  readonly log: readonly string[];
  /** Where the service listens. */
  readonly url: string;
  ask(method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Response>;
  /** Places a call; the answer's body. */
  place(body: Record<string, unknown>): Promise<{ id: string; state: string }>;
  /** Somebody calls the agent. */
  incoming(script: unknown): Promise<CallResult>;
  wind<T>(work: Promise<T>): Promise<T>;
  /** Winds the nth call to its end. */
  ended(nth?: number): Promise<CallResult>;
  /** As soon as it is written. */
  record(): Promise<CallRecord>;
  /** The service is told to stop, and to wait for no call. */
  stop(): Promise<unknown>;
}

export async function givenOutbound(options: OutboundOptions = {}): Promise<Outbound> {
  const clock = new ManualClock();
  const ids = countingIds();
  const data = mkdtempSync(join(tmpdir(), 'callbridge-outbound-'));
  const log: string[] = [];
  const switchboard = createSwitchboard();
  const network: { now: PhoneNetwork | undefined } = { now: undefined };
  const callees: Readonly<Record<string, Callee>> = { [ADA]: person([{ wait: 8_000 }]), ...options.callees };
  const streamUrl = (url: string): string => (options.refusesStreams ? new URL('/nowhere', url).href : url);
  const exchange = createExchange({
    accountSid: ACCOUNT,
    authToken: AUTH_TOKEN,
    numbers: [OUR_NUMBER],
    calleeOf: (to) => callees[to],
    switchboard,
    network: {
      request: (request) => network.now!.request(request),
      connect: (url, ...way) => network.now!.connect(streamUrl(url), ...way),
    },
    clock,
    ids,
    habits: options.habits,
  });
  const twilio = await startTwilioSimulator({
    accountSid: ACCOUNT,
    authToken: AUTH_TOKEN,
    switchboard,
    exchange,
    clock,
  });
  const live = createLiveSimulator({ clock, ids, ...(options.model && { scenario: options.model }) });
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void log.push(line) } });
  const config = configFor(data, options, twilio.url);
  const service = await startService(
    config,
    { clock, ids, logger, metrics: createMetrics() },
    { dial: dialInMemory(live), loopDelay: { readMs: () => 0, stop: () => undefined } },
  );
  network.now = memoryNetwork(service.server);
  // The service's client of the REST API is not to come late by the clock.
  await vi.dynamicImportSettled();
  onTestFinished(async () => {
    await wound(clock, service.stop(0));
    live.close();
    await twilio.close();
    rmSync(data, { recursive: true, force: true });
  });

  const origin = `http://127.0.0.1:${service.port}`;
  const expectDocumented = documentedAnswers(origin);
  const ask: Outbound['ask'] = async (method, path, { body, headers = {} } = {}) => {
    const response = await fetch(origin + path, {
      method,
      headers: {
        authorization: `Bearer ${API_KEY}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    if (/^\/calls\b/.test(path)) await expectDocumented(method, path, response);
    return response;
  };
  return {
    clock,
    live,
    twilio,
    exchange,
    log,
    url: origin,
    ask,
    incoming: (script) => {
      const calling = placeCall({
        voiceUrl: `${PUBLIC_URL}/twilio/voice`,
        statusUrl: `${PUBLIC_URL}/twilio/status`,
        authToken: AUTH_TOKEN,
        accountSid: ACCOUNT,
        from: CALLER,
        to: OUR_NUMBER,
        script: callScript.parse(script),
        clock,
        ids,
        network: network.now!,
        switchboard,
        habits: options.habits,
      });
      return wound(clock, calling);
    },
    async place(body) {
      const response = await ask('POST', '/calls', { body: { agent: 'caller', to: ADA, ...body } });
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
      return response.json() as Promise<{ id: string; state: string }>;
    },
    wind: (work) => wound(clock, work),
    ended: (nth = 0) => wound(clock, exchange.calls[nth]!.result),
    record: () => vi.waitFor(() => readRecord(join(data, 'records')), { timeout: 10_000 }),
    stop: () => wound(clock, service.stop(0)),
  };
}

function configFor(data: string, { agent = '', instruction = 'Be kind.', env }: OutboundOptions, restUrl: string) {
  const dir = join(data, 'config');
  const file = `answers: ["${OUR_NUMBER}"]\ninstruction: "${instruction}"\n${agent}`;
  mkdirSync(dirname(join(dir, 'agents/caller.yaml')), { recursive: true });
  cpSync(join(ROOT, 'config/models.yaml'), join(dir, 'models.yaml'));
  writeFileSync(join(dir, 'agents/caller.yaml'), file);
  const settings = {
    PUBLIC_URL,
    TWILIO_ACCOUNT_SID: ACCOUNT,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_API_BASE_URL: restUrl,
    CALLBRIDGE_API_KEY: API_KEY,
    OUTBOUND_ALLOWED: '+1555,+49',
    DATA_DIR: data,
    CONFIG_DIR: dir,
    ...env,
  };
  const config = loadConfig({ env: simulatedEnv(settings, 'http://live.example'), cwd: ROOT });
  return { ...config, http: { ...config.http, host: '127.0.0.1', port: 0 } };
}

function readRecord(folder: string): CallRecord {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  // The subtitles are written last.
  if (!names.some((name) => name.endsWith('.vtt'))) throw new Error('no record yet');
  const json = names.find((name) => name.endsWith('.json'));
  return callRecordSchema.parse(JSON.parse(readFileSync(join(folder, json ?? ''), 'utf8')));
}
