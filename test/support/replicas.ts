/** Processes of one service behind one address, the parties that they talk to, and calls over them: real sockets, real time. */
import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemIds } from '../../src/lib/index.ts';
import {
  balancedNetwork,
  type Callee,
  type CallOptions,
  type CallResult,
  createExchange,
  createSwitchboard,
  type LiveSimulatorServer,
  type PhoneNetwork,
  placeCall,
  realNetwork,
  type ScenarioInput,
  startLiveSimulator,
  startTwilioSimulator,
  type TwilioSimulator,
} from '../../src/simulator/index.ts';
import { type CallRecord, callRecordSchema } from '../../src/transcript/index.ts';
import { type CommandProcess, callbridge } from './processes.ts';
import { findRedisServer, freePort, startJsRedis, startRedisServer } from './redis.ts';
import { SHIPPED } from './shipped.ts';

const CONFIG_DIR = join(SHIPPED, 'config');
const PUBLIC_URL = 'https://callbridge.example';
const AUTH_TOKEN = 'replicas-auth-token';
const ACCOUNT_SID = `AC${'0'.repeat(32)}`;
const OUR_NUMBER = '+15550199';

export interface Replica {
  readonly process: CommandProcess;
  readonly origin: string;
}

export interface Replicas {
  readonly live: LiveSimulatorServer;
  readonly twilio: TwilioSimulator;
  /** A process with settings of its own; listens when this resolves. On `origin`, so that one that was killed can come back. */
  start(env: Readonly<Record<string, string>>, origin?: string): Promise<Replica>;
  /** Several processes on one port, and who starts them; all of them listen when this resolves. */
  startSeveral(env: Readonly<Record<string, string>>, args: readonly string[]): Promise<Replica>;
  /** A worker with these settings. */
  work(env: Readonly<Record<string, string>>): Promise<void>;
  /** A folder for a process, removed at the end. */
  folder(): string;
  /** The URL of a Redis of their own: the real one wherever it is installed. */
  redis(): Promise<string>;
  /** What stands behind the public address from now on. */
  route(...to: readonly Replica[]): void;
  /** To this one, ready or not, where nobody balances. */
  straightTo(replica: Replica): PhoneNetwork;
  call(
    options: Pick<CallOptions, 'script' | 'habits' | 'onEvent'> & Partial<Pick<CallOptions, 'network'>>,
  ): Promise<CallResult>;
  close(): Promise<void>;
}

export interface ReplicasOptions {
  /** The agent says nothing of its own accord, so that a busy machine makes no difference to what is said. */
  readonly patient?: boolean;
  /** More keys for the agent's file. */
  readonly agent?: string;
  /** Who can be called, by their numbers. */
  readonly callees?: Readonly<Record<string, Callee>>;
}

export async function openReplicas(
  model: ScenarioInput,
  { patient = false, agent = '', callees = {} }: ReplicasOptions = {},
): Promise<Replicas> {
  const switchboard = createSwitchboard();
  const live = await startLiveSimulator({ clock: systemClock, scenario: model });
  let behind = balancedNetwork(systemClock, { publicOrigin: PUBLIC_URL, origins: [] });
  const network: PhoneNetwork = {
    request: (request) => behind.request(request),
    connect: (url, headers, opened) => behind.connect(url, headers, opened),
  };
  const exchange = createExchange({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    numbers: [OUR_NUMBER],
    calleeOf: (to) => callees[to],
    switchboard,
    network,
    clock: systemClock,
    ids: systemIds,
  });
  const twilio = await startTwilioSimulator({
    clock: systemClock,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    switchboard,
    exchange,
  });
  const stops: (() => Promise<void>)[] = [];
  const folders: string[] = [];
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'callbridge-replica-'));
    folders.push(made);
    return made;
  };
  const more = (patient ? '\npatience: false\n' : '') + agent;
  const configDir = more === '' ? CONFIG_DIR : folder();
  if (more !== '') {
    cpSync(CONFIG_DIR, configDir, { recursive: true });
    appendFileSync(join(configDir, 'agents/reception.yaml'), more);
  }
  const running: CommandProcess[] = [];
  const serve = (args: readonly string[], port: number, env: Readonly<Record<string, string>>): CommandProcess => {
    const process = callbridge(['serve', ...args], {
      PORT: `${port}`,
      HOST: '127.0.0.1',
      PUBLIC_URL,
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      TWILIO_API_BASE_URL: twilio.url,
      GEMINI_API_KEY: 'simulated',
      GOOGLE_GEMINI_BASE_URL: live.url,
      CONFIG_DIR: configDir,
      ...env,
    });
    running.push(process);
    return process;
  };
  return {
    live,
    twilio,
    async start(env, origin) {
      const port = origin === undefined ? await freePort() : Number(new URL(origin).port);
      const process = serve(['--grace', '1', '--processes', '1'], port, env);
      await process.says(/"msg":"serving"/);
      return { process, origin: `http://127.0.0.1:${port}` };
    },
    async startSeveral(env, args) {
      const port = await freePort();
      const process = serve(args, port, env);
      await process.says(/"msg":"all processes serve"/);
      return { process, origin: `http://127.0.0.1:${port}` };
    },
    async work(env) {
      const process = callbridge(['worker'], { CONFIG_DIR: configDir, ...env });
      running.push(process);
      await process.says(/waiting for finished calls/);
    },
    folder,
    async redis() {
      const binary = findRedisServer();
      const redis = binary === undefined ? await startJsRedis() : await startRedisServer(binary);
      stops.push(() => redis.stop());
      return redis.url;
    },
    route(...to) {
      behind = balancedNetwork(systemClock, { publicOrigin: PUBLIC_URL, origins: to.map(({ origin }) => origin) });
    },
    straightTo: ({ origin }) => realNetwork(systemClock, { publicOrigin: PUBLIC_URL, origin }),
    call: (options) =>
      placeCall({
        voiceUrl: `${PUBLIC_URL}/twilio/voice#rc=2&rp=all`,
        statusUrl: `${PUBLIC_URL}/twilio/status`,
        authToken: AUTH_TOKEN,
        accountSid: ACCOUNT_SID,
        from: '+15550100',
        to: OUR_NUMBER,
        clock: systemClock,
        ids: systemIds,
        network,
        switchboard,
        ...options,
      }),
    async close() {
      for (const { child, exited } of running) {
        child.kill('SIGKILL');
        await exited();
      }
      await live.close();
      await twilio.close();
      for (const stop of stops) await stop();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A test that has replicas of its own, and leaves none behind: most of each call is waiting, so that such tests may run at the same time. */
export const onTheirOwn =
  (model: ScenarioInput, run: (replicas: Replicas) => Promise<void>, options?: ReplicasOptions) =>
  async (): Promise<void> => {
    const replicas = await openReplicas(model, options);
    try {
      await run(replicas);
    } finally {
      await replicas.close();
    }
  };

/** The records under these data folders; a call that has two is there twice. */
export function recordsIn(...folders: readonly string[]): CallRecord[] {
  return folders.flatMap((folder) =>
    (existsSync(join(folder, 'records'))
      ? readdirSync(join(folder, 'records'), { recursive: true, encoding: 'utf8' })
      : []
    )
      .filter((name) => name.endsWith('.json'))
      .map((name) => callRecordSchema.parse(JSON.parse(readFileSync(join(folder, 'records', name), 'utf8')))),
  );
}
