/** A worker as its primary sees it, and the real ones: forks of this process, between which Node's cluster shares the port. */
import cluster, { type Worker } from 'node:cluster';
import { Socket } from 'node:net';
import type { FromPrimary } from './messages.ts';

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** With a socket, which is the worker's from then on. `done` has the error when it did not get there. */
  send(message: FromPrimary, socket?: Socket, done?: (error: Error | null) => void): void;
  kill(): void;
}

export interface WorkerHandlers {
  message(message: unknown, socket: Socket | undefined): void;
  /** Once. */
  exited(code: number | null, signal: string | null): void;
}

export type Fork = (handlers: WorkerHandlers) => WorkerProcess;

/** The same program with the same arguments. */
export const forkWorker: Fork = (handlers) => {
  // The system's own sharing gives most connections to whoever is least asleep.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const worker = cluster.fork();
  worker.on('message', (message: unknown, handle: unknown) =>
    handlers.message(message, handle instanceof Socket ? handle : undefined),
  );
  const exited = onceOnly(handlers.exited);
  worker.on('exit', exited);
  // One that could not be started has no exit.
  worker.on('error', () => {
    if (worker.process.pid === undefined) exited(null, null);
  });
  return {
    pid: worker.process.pid,
    send: (message, socket, done) => send(worker, message, socket, done),
    kill: () => void worker.process.kill('SIGKILL'),
  };
};

/** A channel that is closed says so to `done`; without one there is nothing to be done, as the worker is gone. */
function send(worker: Worker, message: FromPrimary, socket?: Socket, done?: (error: Error | null) => void): void {
  worker.send(message, socket, undefined, (error) => done?.(error));
}

function onceOnly(exited: WorkerHandlers['exited']): WorkerHandlers['exited'] {
  let told = false;
  return (code, signal) => {
    if (told) return;
    told = true;
    exited(code, signal);
  };
}
