/** Whoever waits for the last call to leave. */
import type { Clock } from '../lib/index.ts';

export class WhenEmpty {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The last one has left. */
  reached(): void {
    for (const told of this.#waiting.splice(0)) told();
  }

  /** Whether it is reached within `limitMs`. */
  within(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(limitMs, () => resolve(false));
      this.#waiting.push(() => {
        cancel();
        resolve(true);
      });
    });
  }
}
