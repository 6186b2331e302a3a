/** A service process as a user starts it, and what becomes of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** From where `npm run` starts. */
export const ROOT = process.cwd();
const MAIN = join(ROOT, 'dist/cli/main.js');
/** What `npm start` gives to node, before the program. */
const START_FLAGS = (
  /^node (--.*) dist/.exec(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts.start)?.[1] ?? ''
)
  .split(' ')
  .filter(Boolean);
/** A start takes half a second; this is for a machine with much else to do. */
const START_LIMIT_MS = 90_000;
const POLL_MS = 50;

export const AUTH_TOKEN = 'bench-auth-token';
export const ACCOUNT_SID = `AC${'0'.repeat(32)}`;

export interface ServiceOptions {
  readonly command?: 'serve' | 'worker';
  readonly port: number;
  readonly publicUrl: string;
  readonly modelUrl: string;
  readonly configDir: string;
  readonly dataDir: string;
  readonly graceSeconds?: number;
  /** For `node` itself, before the program. */
  readonly nodeArgs?: readonly string[] | undefined;
  /** After `serve`. */
  readonly serveArgs?: readonly string[] | undefined;
  /** Where its log goes; appended to. */
  readonly logPath: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface ServiceProcess {
  readonly pid: number;
  readonly port: number;
  readonly running: boolean;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Everything it has logged, and earlier processes with the same log too. */
  log(): string;
}

/** Resolves when it takes calls; rejects with its log when it does not. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  mkdirSync(options.dataDir, { recursive: true });
  const logged = safely(() => statSync(options.logPath).size) ?? 0;
  const log = openSync(options.logPath, 'a');
  const command = options.command ?? 'serve';
  const args =
    command === 'serve'
      ? ['serve', '--grace', String(options.graceSeconds ?? 5), '--processes', '1', ...(options.serveArgs ?? [])]
      : [command];
  const child = spawn(process.execPath, [...START_FLAGS, ...(options.nodeArgs ?? []), MAIN, ...args], {
    cwd: ROOT,
    env: envOf(options),
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const process_ = describe(child, options);
  const words = command === 'serve' ? '"msg":"serving"' : '"msg":"waiting for finished calls"';
  const endMs = performance.now() + START_LIMIT_MS;
  while (!tail(options.logPath, logged).includes(words)) {
    if (!process_.running || performance.now() > endMs) {
      child.kill('SIGKILL');
      throw new Error(`the service did not start:\n${process_.log().slice(-4_000)}`);
    }
    await sleep(POLL_MS);
  }
  return process_;
}

/** What a file has gained since it was so long. */
function tail(path: string, fromBytes: number): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - fromBytes));
    readSync(file, bytes, 0, bytes.length, fromBytes);
    return bytes.toString();
  } finally {
    closeSync(file);
  }
}

function envOf(options: ServiceOptions): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    HOST: '127.0.0.1',
    PORT: String(options.port),
    PUBLIC_URL: options.publicUrl,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    GEMINI_API_KEY: 'bench',
    GOOGLE_GEMINI_BASE_URL: options.modelUrl,
    CONFIG_DIR: options.configDir,
    DATA_DIR: options.dataDir,
    ...options.env,
  };
}

function describe(child: ChildProcess, options: ServiceOptions): ServiceProcess {
  let running = true;
  const exited = once(child, 'exit').then(([code]) => {
    running = false;
    return code as number | null;
  });
  return {
    pid: child.pid!,
    port: options.port,
    get running() {
      return running;
    },
    kill: (signal) => void child.kill(signal),
    exited,
    log: () => safely(() => readFileSync(options.logPath, 'utf8')) ?? '',
  };
}

/** What the kernel counts as open in a process: files and sockets. */
export function openDescriptors(pid: number): { readonly files: number; readonly sockets: number } | undefined {
  return safely(() => {
    const folder = `/proc/${pid}/fd`;
    const targets = readdirSync(folder).map((fd) => safely(() => readlinkSync(join(folder, fd))) ?? '');
    const sockets = targets.filter((target) => target.startsWith('socket:')).length;
    return { files: targets.length - sockets, sockets };
  });
}

/** Below the ports that the system gives to outgoing connections, so that none is taken between here and the start. */
const FIRST_PORT = 21_000;
const LAST_PORT = 31_000;
let nextPort = FIRST_PORT + (process.pid % (LAST_PORT - FIRST_PORT));

/** A port of this machine on which nobody listens, and which is given to nobody else. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
