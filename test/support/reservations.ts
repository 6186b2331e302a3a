/** The service of examples/reservations as a process, and a configuration whose agents reach it there. */
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/lib/index.ts';
import { spawnChild } from './children.ts';
import { SHIPPED } from './shipped.ts';

const ROOT = join(import.meta.dirname, '../..');
const KEY = 'reservations-key';
/** By which it is asked and told of calls. */
export const SECRET = `whsec_${Buffer.alloc(32, 'reservations').toString('base64')}`;
/** Where the agent's file expects it. */
const ADDRESS = '127.0.0.1:8091';
/** Nobody is in the kitchen to answer. */
const UNANSWERED = '/kitchen/questions';

export interface Booking {
  readonly day: string;
  readonly time: string;
  readonly guests: number;
  readonly name: string;
}

export interface Reservations {
  readonly url: string;
  readonly authorization: string;
  /** Such as `POST /bookings 200`, in the order in which they were done with; and what it was told of calls, such as `call.ended CA…`. */
  readonly requests: readonly string[];
  /** What a replay needs for its agents to use it. */
  readonly replayed: {
    readonly configDir: string;
    readonly env: Readonly<Record<string, string>>;
    readonly account: true;
    readonly startMs: number;
    readonly unanswered: (path: string) => boolean;
  };
  ask(path: string, init?: RequestInit): Promise<Response>;
  bookingsOf(phone: string): Promise<readonly Booking[]>;
  stop(): Promise<void>;
}

/** For the agents of the configuration in `configDir`. */
export async function startReservations(configDir = join(SHIPPED, 'config')): Promise<Reservations> {
  const child = spawnChild(process.execPath, [join(ROOT, 'examples/reservations/server.mjs')], {
    env: { RESERVATIONS_KEY: KEY, RESERVATIONS_SECRET: SECRET, RESERVATIONS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const requests: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the service exited with ${code}`)));
    createInterface(child.stdout!).on('line', (line) => {
      const told = /^Reservations are taken on (\S+)$/.exec(line)?.[1];
      if (told === undefined) requests.push(line);
      else resolve(told);
    });
  });
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-reservations-'));
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${KEY}`, ...init.headers } });
  return {
    url,
    authorization: `Bearer ${KEY}`,
    requests,
    replayed: {
      configDir: configAt(new URL(url).host, configDir, folder),
      env: { RESERVATIONS_KEY: KEY, RESERVATIONS_SECRET: SECRET },
      account: true,
      // It takes no signature of another hour.
      startMs: systemClock.wallMs(),
      unanswered: (path) => path === UNANSWERED,
    },
    ask,
    bookingsOf: async (phone) => {
      const response = await ask(`/guests/${encodeURIComponent(phone)}/bookings`);
      const { bookings } = (await response.json()) as { bookings: Booking[] };
      return bookings;
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

/** A copy of the configuration in that folder; the packages that its functions import are found from there, too. */
function configAt(host: string, from: string, folder: string): string {
  const dir = join(folder, 'config');
  cpSync(from, dir, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const path of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    if (!/^(agents|tools)[/\\].+\.\w+$/.test(path)) continue;
    const file = join(dir, path);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(ADDRESS, host));
  }
  return dir;
}
