/** The metrics of all workers as one, asked for by whichever of them is scraped. */
import { type Clock, Failure, withDeadline } from '../lib/index.ts';
import { keepCounts, type MetricsSnapshot, sumOfMetrics } from '../telemetry/index.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A worker answers in milliseconds; Prometheus waits for ten seconds, and the worker that asks for longer than this. */
const ANSWERED_WITHIN_MS = 2_000;

/** A question that has no answer yet. */
interface Asked {
  readonly worker: WorkerProcess;
  /** It is answered, or never will be. */
  readonly settled: () => void;
}

export class Gathering {
  readonly #clock: Clock;
  /** What each worker that is there said last. */
  readonly #last = new Map<WorkerProcess, MetricsSnapshot>();
  readonly #asked = new Map<number, Asked>();
  /** What those that are gone had counted; one after the other, so that none of two that go at once is left out. */
  #gone: Promise<MetricsSnapshot> = Promise.resolve([]);
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
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    this.#last.set(asked.worker, metrics);
    asked.settled();
  }

  /**
   * It is gone. What it had counted, as far as it was told to anybody, stays counted: a counter that falls would count again what
   * it has left. Who waits for its answer need not wait any more.
   */
  forget(worker: WorkerProcess): void {
    for (const [id, asked] of this.#asked) {
      if (asked.worker !== worker) continue;
      this.#asked.delete(id);
      asked.settled();
    }
    const last = this.#last.get(worker);
    if (last === undefined) return;
    this.#last.delete(worker);
    this.#gone = this.#gone.then((gone) => keepCounts([gone, last]));
  }

  async #gather(workers: readonly WorkerProcess[]): Promise<string> {
    await Promise.all(workers.map((worker) => this.#ask(worker)));
    // Both at one moment: each worker is either there or gone.
    const [there, gone] = [[...this.#last.values()], this.#gone];
    return sumOfMetrics([await gone, ...there]);
  }

  async #ask(worker: WorkerProcess): Promise<void> {
    const id = ++this.#lastId;
    const settled = new Promise<void>((resolve) => this.#asked.set(id, { worker, settled: resolve }));
    worker.send({ type: 'metricsWanted', id });
    const late = (): Failure =>
      new Failure('INTERNAL', `a process did not tell its metrics in ${ANSWERED_WITHIN_MS} ms`);
    try {
      await withDeadline(this.#clock, ANSWERED_WITHIN_MS, settled, late);
    } finally {
      this.#asked.delete(id);
    }
  }
}
