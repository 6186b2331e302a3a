/** How long neither side of a call has said or done anything. */
import type { Clock } from '../lib/index.ts';

export class Silence {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #sinceMs: number;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#sinceMs = clock.nowMs();
  }

  /** Somebody is heard, or a stream begins. */
  broken(): void {
    this.#sinceMs = this.#clock.nowMs();
  }

  /** Whether it has lasted for too long; then it begins anew. */
  tooLong(): boolean {
    if (this.#clock.nowMs() - this.#sinceMs <= this.#limitMs) return false;
    this.broken();
    return true;
  }
}
