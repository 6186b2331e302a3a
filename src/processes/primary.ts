/**
 * The process that has the port and takes no calls: it starts the workers, brings back those that die, and tells them all
 * when to stop.
 *
 *   the first worker alone ── serves ──▶ the others ── one dies ──▶ another of its number, after a while
 *         └ ends before ──▶ the end, with its exit code                └ none serves, and none comes to serve ──▶ the end
 */
import type { Socket } from 'node:net';
import { type Backoff, backoffMs, type Cancel, type Clock, type Ids, unreachable } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { Gathering } from './gathering.ts';
import { type FromWorker, readFromWorker } from './messages.ts';
import { Passing } from './passing.ts';
import type { Fork, WorkerProcess } from './worker-process.ts';

/** The calls of one that died are brought back within seconds, and its siblings take them meanwhile. */
const BACK_AFTER: Backoff = { firstMs: 250, factor: 2, maxMs: 10_000, jitter: 0.2 };
/** One that has served for so long did not die of its start. */
const STEADY_MS = 60_000;
/** While none serves. What fails so often, some ten seconds long, is for whoever watches this process. */
const MAX_FAILED_STARTS = 6;
/** A worker takes 80 s after the grace time at the worst, as docs/running.md counts it; one that takes longer hangs. */
const LEAVING_MS = 90_000;

export interface PrimaryOptions {
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'fraction'>;
  readonly logger: Logger;
  readonly fork: Fork;
  readonly count: number;
  /** Where the simulated model is, when there is to be one. */
  readonly modelUrl?: string | undefined;
  /** Once: the first of them takes calls. */
  readonly onServing?: (() => void) | undefined;
}

/** One number, and whoever has it now. */
interface Slot {
  readonly number: number;
  worker: WorkerProcess | undefined;
  /** When it began to serve; undefined: it does not yet. */
  servingMs: number | undefined;
  /** It knows who it is, and can be told to stop. */
  placed: boolean;
  deaths: number;
  cancelStart: Cancel;
}

export class Primary {
  readonly #options: PrimaryOptions;
  readonly #slots: readonly Slot[];
  readonly #passing: Passing;
  readonly #gathering: Gathering;
  #everServed = false;
  #allServed = false;
  #failedStarts = 0;
  /** Why it ends; undefined: it does not. */
  #stopping: string | undefined;
  #exitCode = 0;
  #cancelKill: Cancel = () => undefined;
  #left: (exitCode: number) => void = () => undefined;
  /** Resolves when all workers have left: with 0 when all did so in good order. */
  readonly ended: Promise<number>;

  constructor(options: PrimaryOptions) {
    const { clock, logger, count } = options;
    this.#options = options;
    this.#slots = Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      worker: undefined,
      servingMs: undefined,
      placed: false,
      deaths: 0,
      cancelStart: () => undefined,
    }));
    const workerOf = (number: number): WorkerProcess | undefined =>
      this.#serving.find((slot) => slot.number === number)?.worker;
    this.#passing = new Passing({ clock, logger, workerOf });
    this.#gathering = new Gathering(clock);
    this.ended = new Promise((resolve) => {
      this.#left = resolve;
    });
  }

  /** The first one alone: what is wrong with the settings, or the port, is said once. */
  start(): void {
    this.#begin(this.#slots[0]!);
  }

  /** Once: tells the workers to let their calls end within `graceMs`. */
  stop(signal: string, graceMs: number): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = signal;
    this.#cancelKill = this.#options.clock.after(graceMs + LEAVING_MS, () => {
      this.#options.logger.error('processes that do not leave are killed');
      this.kill();
    });
    for (const slot of this.#slots) {
      slot.cancelStart();
      if (slot.placed) slot.worker?.send({ type: 'stop', signal });
    }
    this.#endIfAlone();
  }

  /** At once, calls or not. */
  kill(): void {
    for (const { worker } of this.#slots) worker?.kill();
  }

  get #serving(): Slot[] {
    return this.#slots.filter(({ servingMs }) => servingMs !== undefined);
  }

  #begin(slot: Slot): void {
    const worker: WorkerProcess = this.#options.fork({
      message: (message, socket) => {
        const read = readFromWorker(message);
        if (read !== undefined) this.#heard(slot, worker, read, socket);
        else this.#options.logger.error({ process: slot.number }, 'a process says what is not understood');
        if (read?.type !== 'passOn') socket?.destroy();
      },
      exited: (code, signal) => this.#exited(slot, worker, code, signal),
    });
    slot.worker = worker;
  }

  #heard(slot: Slot, worker: WorkerProcess, message: FromWorker, socket: Socket | undefined): void {
    switch (message.type) {
      case 'hello':
        this.#place(slot, worker);
        break;
      case 'serving':
        this.#serves(slot);
        break;
      case 'passOn':
        // Without a socket its peer has gone.
        if (socket !== undefined) this.#passing.pass(worker, message.to, message.upgrade, socket);
        break;
      case 'taken':
        this.#passing.taken(message.id);
        break;
      case 'sumWanted':
        void this.#sum(worker, message.id);
        break;
      case 'metrics':
        this.#gathering.answered(message.id, message.metrics);
        break;
      default:
        unreachable(message);
    }
  }

  #place(slot: Slot, worker: WorkerProcess): void {
    slot.placed = true;
    const { modelUrl } = this.#options;
    worker.send({ type: 'place', number: slot.number, modelUrl });
    if (this.#stopping !== undefined) worker.send({ type: 'stop', signal: this.#stopping });
  }

  #serves(slot: Slot): void {
    slot.servingMs = this.#options.clock.nowMs();
    this.#failedStarts = 0;
    this.#options.logger.info({ process: slot.number, pid: slot.worker?.pid }, 'a process serves');
    if (!this.#everServed) {
      this.#everServed = true;
      this.#options.onServing?.();
      if (this.#stopping === undefined) for (const other of this.#slots.slice(1)) this.#begin(other);
    }
    if (this.#allServed || this.#serving.length < this.#slots.length) return;
    this.#allServed = true;
    this.#options.logger.info({ processes: this.#slots.length }, 'all processes serve');
  }

  async #sum(worker: WorkerProcess, id: number): Promise<void> {
    const text = await this.#gathering.sum(this.#serving.flatMap((slot) => slot.worker ?? [])).catch((error) => {
      this.#options.logger.warn({ err: error }, 'no sum of the metrics');
      return undefined;
    });
    worker.send({ type: 'sum', id, text });
  }

  #exited(slot: Slot, worker: WorkerProcess, code: number | null, signal: string | null): void {
    const { clock, logger } = this.#options;
    const { number: process, servingMs } = slot;
    slot.worker = undefined;
    slot.servingMs = undefined;
    slot.placed = false;
    this.#passing.forget(worker);
    this.#gathering.forget(worker);
    if (this.#stopping !== undefined) {
      if (code !== 0) {
        logger.warn({ process, pid: worker.pid, code, signal }, 'a process did not end well');
        this.#exitCode ||= 1;
      }
      this.#endIfAlone();
      return;
    }
    logger.error({ process, pid: worker.pid, code, signal }, 'a process died');
    if (servingMs === undefined) this.#failedStarts++;
    if (this.#serving.length === 0 && (!this.#everServed || this.#failedStarts >= MAX_FAILED_STARTS)) {
      this.#exitCode = code || 1;
      this.stop('a start that failed', 0);
      return;
    }
    slot.deaths = servingMs !== undefined && clock.nowMs() - servingMs >= STEADY_MS ? 1 : slot.deaths + 1;
    const afterMs = backoffMs(BACK_AFTER, slot.deaths, this.#options.ids.fraction());
    slot.cancelStart = clock.after(afterMs, () => this.#begin(slot));
  }

  #endIfAlone(): void {
    if (this.#slots.some(({ worker }) => worker !== undefined)) return;
    this.#cancelKill();
    this.#left(this.#exitCode);
  }
}
