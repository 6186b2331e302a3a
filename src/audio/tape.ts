/**
 * Sound that grows at its end, is read anywhere, and is forgotten at its beginning, all in one piece of memory. Positions count
 * samples from the first that was ever appended. A piece makes no object of its own: fifty of those a second and call would live
 * just long enough for the garbage collector to take them for old.
 */
import { type Pcm, pcm } from './pcm.ts';

export interface Tape<RateHz extends number> {
  /** From here on it is remembered. */
  readonly from: number;
  /** So much was appended. */
  readonly to: number;
  /** What the memory has room for, in samples. */
  readonly capacity: number;
  /** Copies `samples`. */
  append(samples: Pcm<RateHz>): void;
  /** Between two positions that are remembered; valid until the next `append` or `erase`. */
  view(from: number, to: number): Pcm<RateHz>;
  /** Up to this position. */
  forget(to: number): void;
  /** As new, with the memory it has. */
  erase(): void;
}

/** `capacity`: samples to begin with; it grows by half when it is full. */
export function createTape<RateHz extends number>(rateHz: RateHz, capacity: number): Tape<RateHz> {
  return new MemoryTape(rateHz, capacity);
}

/** Twice as much would be a quarter empty on the average, for every call. */
const GROWTH = 1.5;

class MemoryTape<RateHz extends number> implements Tape<RateHz> {
  readonly #rateHz: RateHz;
  #memory: Int16Array;
  /** The position of the memory's first sample. */
  #base = 0;
  from = 0;
  to = 0;

  constructor(rateHz: RateHz, capacity: number) {
    this.#rateHz = rateHz;
    this.#memory = new Int16Array(capacity);
  }

  get capacity(): number {
    return this.#memory.length;
  }

  append(samples: Pcm<RateHz>): void {
    if (this.to - this.#base + samples.length > this.#memory.length) this.#makeRoom(samples.length);
    this.#memory.set(samples, this.to - this.#base);
    this.to += samples.length;
  }

  view(from: number, to: number): Pcm<RateHz> {
    if (from < this.from || to > this.to || to < from) {
      throw new RangeError(`${from} to ${to} is not within ${this.from} to ${this.to}`);
    }
    return pcm(this.#memory.subarray(from - this.#base, to - this.#base), this.#rateHz);
  }

  forget(to: number): void {
    this.from = Math.max(this.from, Math.min(to, this.to));
  }

  erase(): void {
    this.#base = 0;
    this.from = 0;
    this.to = 0;
  }

  /** Moves what is remembered to the beginning of the memory, or of a larger one. */
  #makeRoom(length: number): void {
    const kept = this.#memory.subarray(this.from - this.#base, this.to - this.#base);
    let capacity = this.#memory.length;
    while (capacity < kept.length + length) capacity = Math.ceil(capacity * GROWTH);
    if (capacity > this.#memory.length) this.#memory = new Int16Array(capacity);
    this.#memory.set(kept);
    this.#base = this.from;
  }
}
