/**
 * How loud the agent's own voice may come back from the telephone network: no louder than a share of what the caller has just heard
 * of it. Sound is sent seconds ahead of its time, so each piece counts from when it is played.
 */
import { createFramer, durationMs, type Pcm, powerOf } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';

/** What comes back comes within this time: the way to the phone and back, and the phone's own processing. */
export const ECHO_MS = 500;
/** So much sound has one loudness: a syllable or two. */
const WINDOW_MS = 400;
const BLOCK_MS = 100;

interface Block {
  readonly fromMs: number;
  readonly power: number;
}

export class EchoLevel {
  readonly #clock: Clock;
  readonly #share: number;
  readonly #framer = createFramer(8000, BLOCK_MS);
  /** Oldest first; at most what is sent ahead, and what may still come back. */
  #blocks: Block[] = [];
  /** When all that was sent will have been played, and how much of that is not in a block yet. */
  #untilMs = 0;
  #restMs = 0;

  /** An echo has at most `factor` times the amplitude of what was played. */
  constructor(clock: Clock, factor: number) {
    this.#clock = clock;
    this.#share = factor ** 2;
  }

  /** Sound is sent, to be played after all that was sent before. */
  played(samples: Pcm<8000>): void {
    const nowMs = this.#clock.nowMs();
    // Less is no gap: chunks may come as slowly as they are played.
    if (nowMs - this.#untilMs >= BLOCK_MS) this.#begin(nowMs);
    const startMs = Math.max(nowMs, this.#untilMs);
    let fromMs = startMs - this.#restMs;
    this.#framer.push(samples, (block) => {
      this.#blocks.push({ fromMs, power: powerOf(block) });
      fromMs += BLOCK_MS;
    });
    this.#untilMs = startMs + durationMs(samples.length, 8000);
    this.#restMs = this.#untilMs - fromMs;
    const oldestMs = nowMs - ECHO_MS - WINDOW_MS;
    while (this.#blocks[0] !== undefined && this.#blocks[0].fromMs < oldestMs) this.#blocks.shift();
  }

  /** What was sent and is not yet played will not be. */
  stopped(): void {
    const nowMs = this.#clock.nowMs();
    this.#blocks = this.#blocks.filter(({ fromMs }) => fromMs <= nowMs);
    this.#begin(nowMs);
  }

  /** Whether what comes from the phone now is no louder than the agent's voice can be. */
  covers(samples: Pcm<8000>): boolean {
    return powerOf(samples) <= this.#share * this.#loudest(this.#clock.nowMs());
  }

  #begin(atMs: number): void {
    this.#framer.reset();
    this.#untilMs = atMs;
    this.#restMs = 0;
  }

  /** The power of the loudest stretch of `WINDOW_MS` that may come back now. */
  #loudest(nowMs: number): number {
    let loudest = 0;
    let from = 0;
    let sum = 0;
    for (const [index, { fromMs, power }] of this.#blocks.entries()) {
      if (fromMs > nowMs) break;
      sum += power;
      while (this.#blocks[from]!.fromMs <= fromMs - WINDOW_MS) sum -= this.#blocks[from++]!.power;
      if (fromMs + BLOCK_MS >= nowMs - ECHO_MS) loudest = Math.max(loudest, sum / (index - from + 1));
    }
    return loudest;
  }
}
