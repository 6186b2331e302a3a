/** Calls that have ended in this process, so that what comes late is answered rightly, and those that the provider has yet to ask about. */
import { type Clock, Recent, type RecentLimits } from '../lib/index.ts';
import { HANG_UP, type Next } from './next.ts';

/** Minutes' worth on a busy day. */
const MAX_REMEMBERED = 1_000;
const LOOK_MS = 100;
/**
 * Each process of a service is told of calls of all the others: some minutes' worth. A webhook is asked again for 15 s in all, and
 * what waited on the way is not much later.
 */
const HEARD_OF: RecentLimits = { max: 5_000, forMs: 10 * 60_000 };

export class PastCalls {
  readonly #clock: Clock;
  /** Newest last. */
  readonly #calls = new Map<string, Next>();
  /** When their streams were closed; since then the provider has not asked what comes next, nor said that the call is over. */
  readonly #open = new Map<string, number>();
  /** Calls that were never here, and whose callers are gone, as the provider said. */
  readonly #heardOf: Recent<Next>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heardOf = new Recent(clock, HEARD_OF);
  }

  add(callId: string, answer: Next, settled: boolean): void {
    this.#calls.set(callId, answer);
    if (this.#calls.size > MAX_REMEMBERED) this.#calls.delete(this.#calls.keys().next().value!);
    if (settled) this.settle(callId);
    else this.willAsk(callId);
  }

  /** The call's stream is closed now: the provider asks what comes next, of a call that has ended or of one that is put through. */
  willAsk(callId: string): void {
    this.#open.set(callId, this.#clock.nowMs());
    if (this.#open.size > MAX_REMEMBERED) this.#open.delete(this.#open.keys().next().value!);
  }

  /** The provider says that the caller is gone, of a call that is not here, or not yet: what it asked before may come after. */
  heardOf(callId: string): void {
    if (!this.#calls.has(callId)) this.#heardOf.note(callId, HANG_UP);
  }

  has(callId: string): boolean {
    return this.answerOf(callId) !== undefined;
  }

  /** What the caller, if still on the line, should get. */
  answerOf(callId: string): Next | undefined {
    return this.#calls.get(callId) ?? this.#heardOf.get(callId);
  }

  settle(callId: string): void {
    this.#open.delete(callId);
  }

  /** Resolves when the provider has asked about every call whose stream we closed; about those of longer ago it will not ask. */
  settledWithin(limitMs: number): Promise<void> {
    const isOpen = (closedMs: number): boolean => this.#clock.nowMs() - closedMs < limitMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if ([...this.#open.values()].some(isOpen)) return;
        cancel();
        resolve();
      };
      const cancel = this.#clock.every(LOOK_MS, look);
      look();
    });
  }
}
