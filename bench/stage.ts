/** What one row plays on: a folder, an agent, a simulated model, and service processes. Nothing is shared between rows but the machine. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScenarioInput } from '../src/simulator/index.ts';
import { type CallRecord, callRecordSchema } from '../src/transcript/index.ts';
import type { Model, Models } from './models.ts';
import { freePort, ROOT, type ServiceProcess, sleep, startService } from './service.ts';
import type { Twilio } from './twilio.ts';
import type { Receiver } from './webhook-receiver.ts';

export interface StageOptions {
  readonly models: Models;
  readonly receiver: Receiver;
  readonly twilio: Twilio;
  readonly scenario: ScenarioInput;
  /** Added to the agent's file. */
  readonly agent?: Readonly<Record<string, unknown>> | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface Stage {
  readonly model: Model;
  readonly folder: string;
  readonly configDir: string;
  readonly dataDir: string;
  /** Starts one more process on `port`, or on one of its own, with a data folder of its own if it is given a name. */
  serve(options?: ServeOptions): Promise<ServiceProcess>;
  readonly processes: readonly ServiceProcess[];
  /** All records of the call that there are by now, in whichever data folder. */
  records(callId: string): readonly CallRecord[];
  /** Waits until there is a record of the call and it was delivered, and a little for a second one that should not be. */
  settledRecords(callId: string): Promise<readonly CallRecord[]>;
  /** How often post-processing told the outside of the call. */
  deliveries(callId: string): number;
  log(): string;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly port?: number;
  readonly publicUrl?: string;
  readonly dataName?: string;
  readonly graceSeconds?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: 'serve' | 'worker';
}

export const AGENT = 'bench';
/** Any 32 bytes: what it signs goes to this machine. */
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
/** A record is written within a second of the call's end; a call whose process died waits for the next one. */
const RECORD_LIMIT_MS = 20_000;
/** A second record, were there one, comes right behind. */
const SECOND_RECORD_MS = 700;
const POLL_MS = 100;

export async function setStage(options: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-bench-'));
  const configDir = join(folder, 'config');
  writeConfig(configDir, options);
  const model = await options.models.open(options.scenario);
  const processes: ServiceProcess[] = [];
  const logs = new Set<string>();
  const dataDirs = new Set<string>();
  const dataDir = join(folder, 'data');

  const records = (callId: string): readonly CallRecord[] =>
    [...dataDirs].flatMap((dir) => filesOf(join(dir, 'records'), `${callId}.json`)).map(readRecord);

  return {
    model,
    folder,
    configDir,
    dataDir,
    processes,
    async serve({ dataName = 'data', command = 'serve', ...rest } = {}) {
      const port = rest.port ?? (await freePort());
      const logPath = join(folder, `${dataName}-${command}-${port}.log`);
      logs.add(logPath);
      dataDirs.add(join(folder, dataName));
      const service = await startService({
        command,
        port,
        publicUrl: rest.publicUrl ?? `http://localhost:${port}`,
        modelUrl: model.url,
        configDir,
        dataDir: join(folder, dataName),
        logPath,
        ...(rest.graceSeconds === undefined ? {} : { graceSeconds: rest.graceSeconds }),
        env: {
          BENCH_WEBHOOK_SECRET: WEBHOOK_SECRET,
          TWILIO_API_BASE_URL: options.twilio.url,
          ...options.env,
          ...rest.env,
        },
      });
      processes.push(service);
      return service;
    },
    records,
    async settledRecords(callId) {
      const endMs = performance.now() + RECORD_LIMIT_MS;
      const whole = (): boolean => records(callId).length > 0 && options.receiver.deliveries(callId) > 0;
      while (!whole() && performance.now() < endMs) await sleep(POLL_MS);
      await sleep(SECOND_RECORD_MS);
      return records(callId);
    },
    deliveries: (callId) => options.receiver.deliveries(callId),
    log: () => [...logs].map((path) => readFileSync(path, 'utf8')).join(''),
    async close() {
      for (const service of processes) service.kill('SIGKILL');
      await Promise.all(processes.map(({ exited }) => exited));
      await model.close();
      if (process.env['BENCH_KEEP'] !== '1') rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The models of the repository, and one agent. JSON is YAML. */
function writeConfig(configDir: string, { agent, receiver }: StageOptions): void {
  mkdirSync(join(configDir, 'agents'), { recursive: true });
  cpSync(join(ROOT, 'config/models.yaml'), join(configDir, 'models.yaml'));
  const file = {
    default: true,
    instruction: 'You answer the calls of a bench.',
    // Callers of a bench are silent for as long as they listen.
    idle: false,
    greeting: 'Greet the caller.',
    afterwards: { formats: ['json'], webhook: { url: receiver.url, secretEnv: 'BENCH_WEBHOOK_SECRET' } },
    ...agent,
  };
  writeFileSync(join(configDir, `agents/${AGENT}.yaml`), JSON.stringify(file, null, 2));
}

function filesOf(folder: string, name: string): string[] {
  try {
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return paths.filter((path) => path.endsWith(name)).map((path) => join(folder, path));
  } catch {
    return [];
  }
}

function readRecord(path: string): CallRecord {
  return callRecordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}
