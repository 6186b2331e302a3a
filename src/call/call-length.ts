/** How long a call may be: the agent is told in time, and then it ends. */
import type { Cancel, Clock } from '../lib/index.ts';

/** Long enough to come to an end, and for a moment in which nobody speaks. */
export const WARNED_BEFORE_MS = 60_000;
/** A shorter call would be all warning. */
const MIN_WARNED_MS = 2 * WARNED_BEFORE_MS;

export const COME_TO_AN_END =
  '[This call can last for one minute more; then it is cut off. Tell the caller so in one short sentence, and bring what matters to an end.]';

export class CallLength {
  readonly #clock: Clock;
  readonly #maxMs: number;
  readonly #over: () => void;
  #cancel: Cancel | undefined;
  #warnAtMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, maxMs: number, over: () => void) {
    this.#clock = clock;
    this.#maxMs = maxMs;
    this.#over = over;
  }

  /** The call is answered. Again, by another stream, it changes nothing. */
  begin(): void {
    if (this.#cancel !== undefined) return;
    this.#cancel = this.#clock.after(this.#maxMs, this.#over);
    if (this.#maxMs >= MIN_WARNED_MS) this.#warnAtMs = this.#clock.nowMs() + this.#maxMs - WARNED_BEFORE_MS;
  }

  /** Asked in a moment in which nobody speaks: whether the agent is to be told now. Once. */
  warns(): boolean {
    if (this.#clock.nowMs() < this.#warnAtMs) return false;
    this.#warnAtMs = Number.POSITIVE_INFINITY;
    return true;
  }

  end(): void {
    this.#cancel?.();
  }
}
