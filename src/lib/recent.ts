/** What was noted of late, by its key: of so many, and for so long. */
import type { Clock } from './clock.ts';

export interface RecentLimits {
  /** Beyond it the oldest is forgotten. */
  readonly max: number;
  readonly forMs: number;
}

export class Recent<V> {
  readonly #clock: Clock;
  readonly #limits: RecentLimits;
  /** Oldest first. */
  readonly #noted = new Map<string, { readonly value: V; readonly atMs: number }>();

  constructor(clock: Clock, limits: RecentLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Anew, also where it is known. */
  note(key: string, value: V): void {
    this.#noted.delete(key);
    this.#noted.set(key, { value, atMs: this.#clock.nowMs() });
    if (this.#noted.size > this.#limits.max) this.#noted.delete(this.#noted.keys().next().value!);
  }

  forget(key: string): void {
    this.#noted.delete(key);
  }

  get(key: string): V | undefined {
    const noted = this.#noted.get(key);
    return noted === undefined || this.#clock.nowMs() - noted.atMs > this.#limits.forMs ? undefined : noted.value;
  }
}
