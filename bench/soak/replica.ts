/** A process under an orchestrator, which starts it again whenever it is gone, and watches what it holds. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDescriptors, type ServiceProcess, sleep } from '../service.ts';
import type { Stage } from '../stage.ts';
import type { Blow } from './plan.ts';

/** What one process was seen to hold at one time. */
export interface Sighting {
  readonly atMs: number;
  readonly rssMb: number;
  readonly heapMb: number | undefined;
  readonly files: number;
  readonly sockets: number;
  readonly timers: number | undefined;
  /** Calls that it has. */
  readonly calls: number | undefined;
}

export interface Life {
  readonly sightings: Sighting[];
  endedBy: Blow | undefined;
}

export interface Replica {
  readonly name: string;
  readonly port: number;
  readonly lives: readonly Life[];
  start(): Promise<void>;
  /** Ends it as told, and starts it again; resolves when it runs. */
  strike(blow: Blow): Promise<void>;
  look(): Promise<void>;
  /** Files in its data folder, by folder. */
  leftovers(): Readonly<Record<string, number>>;
  stop(): Promise<number | null>;
}

export interface ReplicaOptions {
  readonly stage: Stage;
  readonly name: string;
  readonly port: number;
  readonly command: 'serve' | 'worker';
  readonly publicUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly graceSeconds: number;
}

/** What an orchestrator takes until it starts a process anew. */
const RESTART_MS = 400;
const LOOK_LIMIT_MS = 3_000;
const FOLDERS = ['journals', 'spool', 'processes'];

export function createReplica(options: ReplicaOptions): Replica {
  const { stage, name, port } = options;
  const lives: Life[] = [];
  let current: ServiceProcess | undefined;

  const start = async (): Promise<void> => {
    current = await stage.serve({ ...options, dataName: name });
    lives.push({ sightings: [], endedBy: undefined });
  };
  const end = async (blow: Blow): Promise<number | null> => {
    const process = current;
    if (process === undefined) return null;
    process.kill(blow);
    const code = await process.exited;
    current = undefined;
    const life = lives.at(-1);
    if (life !== undefined) life.endedBy = blow;
    return code;
  };

  return {
    name,
    port,
    lives,
    start,
    async strike(blow) {
      await end(blow);
      await sleep(RESTART_MS);
      await start();
    },
    async look() {
      const process = current;
      const life = lives.at(-1);
      if (process === undefined || life === undefined || !process.running) return;
      const seen = await sight(process.pid, options.command === 'serve' ? port : undefined);
      if (seen !== undefined && current === process) life.sightings.push(seen);
    },
    leftovers: () =>
      Object.fromEntries(FOLDERS.map((folder) => [folder, countFiles(join(stage.folder, name, folder))])),
    stop: () => end('SIGTERM'),
  };
}

async function sight(pid: number, port: number | undefined): Promise<Sighting | undefined> {
  const atMs = performance.now();
  const descriptors = openDescriptors(pid);
  const rssMb = residentMb(pid);
  if (descriptors === undefined || rssMb === undefined) return undefined;
  const metrics = port === undefined ? '' : await metricsOf(port);
  const read = (name: string): number | undefined => {
    const lines = [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+]+)$`, 'gm'))];
    return lines.length === 0 ? undefined : lines.reduce((sum, line) => sum + Number(line[1]), 0);
  };
  const heapBytes = read('callbridge_nodejs_heap_size_used_bytes');
  return {
    atMs,
    rssMb,
    ...descriptors,
    heapMb: heapBytes === undefined ? undefined : heapBytes / 2 ** 20,
    timers: read('callbridge_nodejs_active_resources_total'),
    calls: read('callbridge_calls_active'),
  };
}

function residentMb(pid: number): number | undefined {
  try {
    const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1_024;
  } catch {
    return undefined;
  }
}

async function metricsOf(port: number): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(LOOK_LIMIT_MS) });
    return await response.text();
  } catch {
    return '';
  }
}

function countFiles(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
  } catch {
    return 0;
  }
}
