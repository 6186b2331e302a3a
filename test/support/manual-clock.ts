/** A clock that a test winds by hand: timers run in the order of their time, and none waits in real time. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Cancel, Clock } from '../../src/lib/index.ts';
import { diskWorks } from './real-work.ts';

interface Timer {
  dueMs: number;
  order: number;
  periodMs: number | undefined;
  run: () => void;
}

export class ManualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** Starts at a fixed moment, 2026-01-01T00:00:00Z, unless told otherwise. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, periodMs: undefined, run });
  }

  every(periodMs: number, run: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + periodMs, order: this.#order++, periodMs, run });
  }

  /** How many timers are still armed: a finished thing leaves none. */
  get armed(): number {
    return this.#timers.size;
  }

  /** Winds on by `durationMs`, running what falls due; synchronous work only. */
  tick(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    while (this.#runNext(endMs));
    this.#nowMs = endMs;
  }

  /** Winds on by `durationMs`, letting promises settle after every timer, and the disk do what it was asked for. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settled();
    while (this.#runNext(endMs)) await settled();
    this.#nowMs = endMs;
    await settled();
  }

  #runNext(endMs: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) {
        next = timer;
      }
    }
    if (next === undefined || next.dueMs > endMs) return false;
    this.#nowMs = next.dueMs;
    if (next.periodMs === undefined) this.#timers.delete(next);
    else {
      next.dueMs += next.periodMs;
      next.order = this.#order++;
    }
    next.run();
    return true;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

async function settled(): Promise<void> {
  do await nextTurn();
  while (diskWorks());
}
