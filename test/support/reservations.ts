/** The service of examples/reservations as a process, and the project's agents as they reach it there. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/lib/index.ts';
import { spawnChild } from './children.ts';

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
    readonly files: Readonly<Record<string, string>>;
    readonly env: Readonly<Record<string, string>>;
    readonly account: true;
    readonly startMs: number;
    readonly unanswered: (path: string) => boolean;
  };
  ask(path: string, init?: RequestInit): Promise<Response>;
  bookingsOf(phone: string): Promise<readonly Booking[]>;
  stop(): Promise<void>;
}

export async function startReservations(): Promise<Reservations> {
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
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${KEY}`, ...init.headers } });
  return {
    url,
    authorization: `Bearer ${KEY}`,
    requests,
    replayed: {
      files: configAt(new URL(url).host),
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
    },
  };
}

/** All of the project's agents and the files of their tools: an agent that is added there is tested with them. */
function configAt(host: string): Record<string, string> {
  const folder = join(ROOT, 'config');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const wanted = paths.filter((path) => /^(agents|tools)[/\\][\w.-]+$/.test(path) && !path.endsWith('.schema.json'));
  return Object.fromEntries(
    wanted.map((path) => [path, readFileSync(join(folder, path), 'utf8').replaceAll(ADDRESS, host)]),
  );
}
