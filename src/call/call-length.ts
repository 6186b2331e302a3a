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
  readonly #answeredMs: number | undefined;
  #cancel: Cancel | undefined;
  #warnAtMs = Number.POSITIVE_INFINITY;

  /** `answeredMs`: when it was answered, in another process or before a transfer; undefined: it is still to be. */
  constructor(clock: Clock, maxMs: number, over: () => void, answeredMs?: number) {
    this.#clock = clock;
    this.#maxMs = maxMs;
    this.#over = over;
    this.#answeredMs = answeredMs;
  }

  /** The call is answered. Again, by another stream, it changes nothing. */
  begin(): void {
    if (this.#cancel !== undefined) return;
    const nowMs = this.#clock.nowMs();
    const spentMs = Math.max(0, nowMs - (this.#answeredMs ?? nowMs));
    // Who is back after the end is warned of it as well.
    const leftMs = Math.max(this.#maxMs - spentMs, Math.min(this.#maxMs, WARNED_BEFORE_MS));
    this.#cancel = this.#clock.after(leftMs, this.#over);
    if (this.#maxMs >= MIN_WARNED_MS) this.#warnAtMs = nowMs + leftMs - WARNED_BEFORE_MS;
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
