/** A primary whose workers are only noted: what they say, and when they die, is up to the test. */
import { Socket } from 'node:net';
import type { FromPrimary, FromWorker, PassedUpgrade } from '../../../src/processes/messages.ts';
import { Primary } from '../../../src/processes/primary.ts';
import type { WorkerHandlers, WorkerProcess } from '../../../src/processes/worker-process.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

export const UPGRADE: PassedUpgrade = { method: 'GET', url: '/twilio/media/2', headers: {}, head: '' };

export interface NotedWorker extends WorkerProcess {
  readonly told: FromPrimary[];
  /** With the sockets that came with them. */
  readonly sockets: Socket[];
  killed: boolean;
  says(message: FromWorker, socket?: Socket): void;
  /** Says what one that comes up says. */
  serves(): void;
  exits(code: number | null, signal?: string): void;
}

export function givenPrimary(count: number) {
  const clock = new ManualClock();
  const workers: NotedWorker[] = [];
  const log: string[] = [];
  const fork = (handlers: WorkerHandlers): WorkerProcess => {
    const told: FromPrimary[] = [];
    const sockets: Socket[] = [];
    const worker: NotedWorker = {
      pid: 1_000 + workers.length,
      told,
      sockets,
      killed: false,
      send: (message, socket, done) => {
        told.push(message);
        if (socket !== undefined) sockets.push(socket);
        done?.(null);
      },
      kill: () => {
        worker.killed = true;
      },
      // As it comes out of the channel.
      says: (message, socket) => handlers.message(JSON.parse(JSON.stringify(message)), socket),
      serves: () => {
        handlers.message({ type: 'hello' }, undefined);
        handlers.message({ type: 'serving' }, undefined);
      },
      exits: (code, signal) => handlers.exited(code, signal ?? null),
    };
    workers.push(worker);
    return worker;
  };
  const logger = createLogger({ level: 'trace', destination: { write: (line: string) => void log.push(line) } });
  const primary = new Primary({ clock, ids: { fraction: () => 0.5 }, logger, fork, count });
  return { primary, workers, clock, log: () => log.join('') };
}

/** All of them serve. */
export function givenServing(count: number) {
  const given = givenPrimary(count);
  given.primary.start();
  given.workers[0]!.serves();
  for (const worker of given.workers.slice(1)) worker.serves();
  return given;
}

export const aSocket = (): Socket => new Socket();
