/** Streams on their way from the process that they reached to the one that has their call, over the primary. */
import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { PassedUpgrade } from './messages.ts';
import type { WorkerProcess } from './worker-process.ts';

/** It takes a millisecond. Twilio waits longer for its answer, and a caller who hears nothing for so long is better brought back. */
export const TAKEN_WITHIN_MS = 3_000;
/** Sockets that a process has not taken yet: one that is so late gets no more of them. */
const MAX_UNDER_WAY = 64;

export interface PassingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The worker of that number, if it serves. */
  readonly workerOf: (number: number) => WorkerProcess | undefined;
}

interface UnderWay {
  readonly to: WorkerProcess;
  readonly cancel: Cancel;
}

export class Passing {
  readonly #options: PassingOptions;
  readonly #underWay = new Map<number, UnderWay>();
  #lastId = 0;

  constructor(options: PassingOptions) {
    this.#options = options;
  }

  /** To the process of that number; where there is none, or it is too busy to take it, back to the one that asks. */
  pass(from: WorkerProcess, number: number, upgrade: PassedUpgrade, socket: Socket): void {
    const owner = this.#options.workerOf(number);
    const to = owner === undefined || this.#countOf(owner) >= MAX_UNDER_WAY ? from : owner;
    const { clock, logger } = this.#options;
    const id = ++this.#lastId;
    const cancel = clock.after(TAKEN_WITHIN_MS, () => {
      this.#underWay.delete(id);
      logger.warn({ process: number, pid: to.pid }, 'a stream was not taken in time, and is cut');
    });
    this.#underWay.set(id, { to, cancel });
    // A peer that resets the connection meanwhile is nobody's concern.
    socket.on('error', () => undefined);
    // What is left here is a shell without its connection; destroyed, so that the one that sent it can close its server. Not sent, it is cut.
    to.send({ type: 'take', id, sentMs: clock.wallMs(), upgrade }, socket, () => socket.destroy());
  }

  taken(id: number): void {
    this.#underWay.get(id)?.cancel();
    this.#underWay.delete(id);
  }

  /** That worker is gone, and with it the sockets that it had not taken. */
  forget(worker: WorkerProcess): void {
    for (const [id, { to }] of this.#underWay) if (to === worker) this.taken(id);
  }

  #countOf(worker: WorkerProcess): number {
    let count = 0;
    for (const { to } of this.#underWay.values()) if (to === worker) count++;
    return count;
  }
}
