/** The metrics of all workers as one, asked for by whichever of them is scraped. */
import { type Clock, Failure, withDeadline } from '../lib/index.ts';
import { keepCounts, type MetricsSnapshot, sumOfMetrics } from '../telemetry/index.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A worker answers in milliseconds; Prometheus waits for ten seconds, and the worker that asks for longer than this. */
const ANSWERED_WITHIN_MS = 2_000;

export class Gathering {
  readonly #clock: Clock;
  /** What each worker said last. */
  readonly #last = new Map<WorkerProcess, MetricsSnapshot>();
  readonly #waiting = new Map<number, (metrics: MetricsSnapshot) => void>();
  /** What those that are gone had counted. */
  #gone: MetricsSnapshot = [];
  #running: Promise<string> | undefined;
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Once for all who ask meanwhile. Rejects when one of them does not answer: without it the sum would be wrong. */
  sum(workers: readonly WorkerProcess[]): Promise<string> {
    this.#running ??= this.#gather(workers).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  answered(id: number, metrics: MetricsSnapshot): void {
    this.#waiting.get(id)?.(metrics);
  }

  /** What it had counted, as far as it was told to anybody, stays counted: a counter that falls would count again what it has left. */
  async forget(worker: WorkerProcess): Promise<void> {
    const last = this.#last.get(worker);
    this.#last.delete(worker);
    if (last !== undefined) this.#gone = await keepCounts([this.#gone, last]);
  }

  async #gather(workers: readonly WorkerProcess[]): Promise<string> {
    const answers = await Promise.all(workers.map((worker) => this.#ask(worker)));
    for (const [index, worker] of workers.entries()) this.#last.set(worker, answers[index]!);
    return sumOfMetrics([this.#gone, ...answers]);
  }

  async #ask(worker: WorkerProcess): Promise<MetricsSnapshot> {
    const id = ++this.#lastId;
    const answer = new Promise<MetricsSnapshot>((resolve) => this.#waiting.set(id, resolve));
    worker.send({ type: 'metricsWanted', id });
    const late = (): Failure =>
      new Failure('INTERNAL', `a process did not tell its metrics in ${ANSWERED_WITHIN_MS} ms`);
    try {
      return await withDeadline(this.#clock, ANSWERED_WITHIN_MS, answer, late);
    } finally {
      this.#waiting.delete(id);
    }
  }
}
