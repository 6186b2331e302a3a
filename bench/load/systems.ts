/** What is measured: each a process of its own between the same phones and the same endpoint. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort, ROOT, startService } from '../service.ts';
import type { Certificate } from './certificate.ts';
import type { Sound } from './ear.ts';
import { installPeer } from './peer.ts';
import type { Target } from './ring.ts';

export type SystemName = 'service' | 'floor' | 'peer';

export interface System {
  readonly pid: number;
  readonly target: Target;
  /** What it sends to the phones. */
  readonly sound: Sound;
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly modelUrl: string;
  readonly certificate: Certificate | undefined;
  /** A new one, for configuration, data and logs. */
  readonly folder: string;
  /** For `node`, before the program: --cpu-prof. */
  readonly nodeArgs: readonly string[];
  /** For `callbridge serve`. */
  readonly serveArgs: readonly string[];
}

/** An orderly end of a process without calls takes less. */
const STOP_LIMIT_MS = 10_000;
const START_LIMIT_MS = 20_000;

export const START: Readonly<Record<SystemName, (options: SystemOptions) => Promise<System>>> = {
  service: startOurs,
  floor: (options) => startRelay('relay-floor.js', [], 'linear', options),
  peer: async (options) => startRelay('peer-server.js', [await installPeer()], 'ulaw', options),
};

const trust = ({ certificate }: SystemOptions): Record<string, string> =>
  certificate === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificate.certPath };

/** As a user starts it: signatures, journals, transcripts, metrics, and the work after the calls. */
async function startOurs(options: SystemOptions): Promise<System> {
  const configDir = join(options.folder, 'config');
  mkdirSync(join(configDir, 'agents'), { recursive: true });
  cpSync(join(ROOT, 'config/models.yaml'), join(configDir, 'models.yaml'));
  // What is said to a caller who only listens would be no part of the load.
  const agent = {
    default: true,
    instruction: 'You answer the calls of a bench.',
    greeting: 'Greet the caller.',
    idle: false,
  };
  writeFileSync(join(configDir, 'agents/bench.yaml'), JSON.stringify(agent));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const service = await startService({
    port,
    publicUrl: origin,
    modelUrl: options.modelUrl,
    configDir,
    dataDir: join(options.folder, 'data'),
    logPath: join(options.folder, 'service.log'),
    nodeArgs: options.nodeArgs,
    serveArgs: options.serveArgs,
    env: trust(options),
  });
  return {
    pid: service.pid,
    target: { origin },
    sound: 'ulaw',
    stop: () => stopped(service, service.exited),
  };
}

async function startRelay(
  file: string,
  args: readonly string[],
  sound: Sound,
  options: SystemOptions,
): Promise<System> {
  const child = spawn(process.execPath, [...options.nodeArgs, join(import.meta.dirname, file), ...args], {
    env: { ...process.env, GOOGLE_GEMINI_BASE_URL: options.modelUrl, GEMINI_API_KEY: 'bench', ...trust(options) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, 'line', { signal: AbortSignal.timeout(START_LIMIT_MS) }).then(([text]) => String(text)),
    exited.then(([code]) => `ended with ${code}`),
  ]);
  const port = /^listening (\d+)$/.exec(line)?.[1];
  if (port === undefined) throw new Error(`${file}: ${line}`);
  return {
    pid: child.pid!,
    target: { streamUrl: `ws://127.0.0.1:${port}/media` },
    sound,
    stop: () => stopped(child, exited),
  };
}

async function stopped(process_: { kill(signal: NodeJS.Signals): unknown }, exited: Promise<unknown>): Promise<void> {
  process_.kill('SIGTERM');
  const timer = setTimeout(() => process_.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}
