/** Calls that have ended in this process, so that what comes late is answered rightly. */
import type { Clock } from '../lib/index.ts';
import { HANG_UP, type Next } from './next.ts';

/** Minutes' worth on a busy day. */
const MAX_REMEMBERED = 1_000;
const LOOK_MS = 100;
/** Each process of a service is told of calls of all the others: some minutes' worth. */
const MAX_HEARD_OF = 5_000;
/** A webhook is asked again for 15 s in all, and what waited on the way is not much later. */
const HEARD_OF_MS = 10 * 60_000;

interface PastCall {
  readonly answer: Next;
  readonly endedMs: number;
  /** The provider knows: it asked what comes next, or said itself that the call is over. */
  settled: boolean;
}

export class PastCalls {
  readonly #clock: Clock;
  /** Newest last. */
  readonly #calls = new Map<string, PastCall>();

  /** When the provider said that the caller is gone, of calls that were never here. Newest last. */
  readonly #heardOfMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(callId: string, answer: Next, settled: boolean): void {
    this.#calls.set(callId, { answer, endedMs: this.#clock.nowMs(), settled });
    if (this.#calls.size > MAX_REMEMBERED) this.#calls.delete(this.#calls.keys().next().value!);
  }

  /** The provider says that the caller is gone, of a call that is not here, or not yet: what it asked before may come after. */
  heardOf(callId: string): void {
    if (this.#calls.has(callId)) return;
    this.#heardOfMs.delete(callId);
    this.#heardOfMs.set(callId, this.#clock.nowMs());
    if (this.#heardOfMs.size > MAX_HEARD_OF) this.#heardOfMs.delete(this.#heardOfMs.keys().next().value!);
  }

  has(callId: string): boolean {
    return this.answerOf(callId) !== undefined;
  }

  /** What the caller, if still on the line, should get. */
  answerOf(callId: string): Next | undefined {
    const heardOfMs = this.#heardOfMs.get(callId) ?? Number.NEGATIVE_INFINITY;
    const isGone = this.#clock.nowMs() - heardOfMs <= HEARD_OF_MS;
    return this.#calls.get(callId)?.answer ?? (isGone ? HANG_UP : undefined);
  }

  settle(callId: string): void {
    const past = this.#calls.get(callId);
    if (past !== undefined) past.settled = true;
  }

  /** Resolves when the provider has asked about every call whose stream we closed; of calls that ended longer ago it will not ask. */
  settledWithin(limitMs: number): Promise<void> {
    const isOpen = ({ settled, endedMs }: PastCall): boolean => !settled && this.#clock.nowMs() - endedMs < limitMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if ([...this.#calls.values()].some(isOpen)) return;
        cancel();
        resolve();
      };
      const cancel = this.#clock.every(LOOK_MS, look);
      look();
    });
  }
}
