/**
 * Keys that the agent presses for the other side. No stream carries them: the call leaves its stream, and the provider, which asks
 * what comes next, presses them on the way to the next one.
 */
import type { Clock } from '../lib/index.ts';

/** What the provider takes for each: tone and pause of a key; half a second and a second for the two waits. */
const LENGTHS_MS: Readonly<Record<string, number>> = { w: 500, W: 1_000 };
const KEY_MS = 300;
/** For the provider's question, and the opening of a stream. */
const AROUND_MS = 4_000;

export class KeysOut {
  readonly #clock: Clock;
  #keys: string | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;
  #back: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the other side is away for the keys, and is not to be looked for. */
  get underWay(): boolean {
    return this.#clock.nowMs() < this.#untilMs;
  }

  /** Resolves when the other side is back by another stream. `leave` gives up the present one. */
  begin(keys: string, leave: () => void): Promise<void> {
    const lengthMs = [...keys].reduce((sum, key) => sum + (LENGTHS_MS[key] ?? KEY_MS), 0);
    this.#keys = keys;
    this.#untilMs = this.#clock.nowMs() + lengthMs + AROUND_MS;
    leave();
    return new Promise((resolve) => {
      this.#back = resolve;
    });
  }

  /** What the provider is to press now. Once. */
  take(): string | undefined {
    const keys = this.#keys;
    this.#keys = undefined;
    return keys;
  }

  /** Another stream is there. */
  back(): void {
    this.#keys = undefined;
    this.#untilMs = Number.NEGATIVE_INFINITY;
    this.#back();
  }
}
