/**
 * The caller's time line: how much silence belongs before each piece of sound, so that the model's detection of turns keeps
 * time. The provider's stamps decide; where it has none, the frames that it says to have sent and that never came do. Both may
 * be wrong in any way: no more time is believed to have passed than has passed.
 */
import type { Clock } from '../lib/index.ts';

/** The longest gap that is filled: the model has closed the turn by then, and more silence only costs tokens. */
const MAX_FILLED_GAP_MS = 1_000;
/** Providers round their time stamps, and a frame may be cut differently: less than a frame and a quarter is no gap. */
const GAP_TOLERANCE_MS = 25;
/** What networks between the provider's clock and ours bunch together; further than this its time cannot run ahead of ours. */
const JITTER_MS = 500;
/** A stamp that is this far back is no frame that was overtaken: the provider counts anew. */
const RESET_MS = 1_000;
/** The newest of the caller's sound is in a frame that is still being filled. */
const FRAME_MS = 20;
/** Providers send a frame every 20 ms, silence too; without any for so long, the time line is carried on by the clock. */
const CARRY_ON_AFTER_MS = 100;
/** Frames that come faster than this share of their length were held up on the way. */
const BUNCHED_SHARE = 0.5;

/** Where the provider says that a piece of sound belongs. */
export interface Place {
  readonly timestampMs: number | undefined;
  /** Frames of this length that came before it, by the provider's counters, and did not reach us. */
  readonly missedFrames: number;
}

export interface Placed {
  /** How much sound is missing before this piece, and how much silence is to be put there. */
  readonly gapMs: number;
  readonly fillMs: number;
  /** It belongs where silence was put by the clock: if there is nothing in it, it can be left out. */
  readonly late: boolean;
}

export class Timeline {
  readonly #clock: Clock;
  #startMs: number;
  #arrivedMs: number;
  /** Until when the clock has carried the time line on. */
  #coveredMs: number;
  #expectedMs: number | undefined;
  /** Sound that came, and time that was believed to be missing. */
  #soundMs = 0;
  #missingMs = 0;
  /** Silence that the clock has put where sound may come yet. */
  #madeMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.nowMs();
    this.#arrivedMs = this.#startMs;
    this.#coveredMs = this.#startMs;
  }

  /** How long nothing has come. */
  get quietMs(): number {
    return this.#clock.nowMs() - this.#arrivedMs;
  }

  place(lengthMs: number, { timestampMs, missedFrames }: Place): Placed {
    const nowMs = this.#clock.nowMs();
    if (this.#soundMs === 0) this.#startMs = nowMs;
    const bunched = nowMs - this.#arrivedMs < lengthMs * BUNCHED_SHARE || this.#coveredMs > this.#arrivedMs;
    this.#arrivedMs = nowMs;
    this.#coveredMs = nowMs;
    const claimedMs = timestampMs === undefined ? missedFrames * lengthMs : this.#skipped(timestampMs, lengthMs);
    const believableMs = nowMs - this.#startMs + JITTER_MS + this.#madeMs - lengthMs - this.#soundMs - this.#missingMs;
    const gapMs = claimedMs <= GAP_TOLERANCE_MS ? 0 : Math.max(0, Math.min(claimedMs, believableMs));
    const madeMs = Math.min(gapMs, this.#madeMs);
    this.#madeMs -= madeMs;
    this.#missingMs += gapMs - madeMs;
    this.#soundMs += lengthMs;
    // What was held up before it reached us first is sound of the time before.
    this.#startMs = Math.min(this.#startMs, nowMs - this.#soundMs);
    return {
      gapMs,
      fillMs: Math.min(gapMs - madeMs, MAX_FILLED_GAP_MS),
      late: gapMs === 0 && bunched && this.#madeMs >= lengthMs,
    };
  }

  /** A late piece was left out. */
  leftOut(lengthMs: number): void {
    this.#madeMs -= lengthMs;
    this.#missingMs -= lengthMs;
  }

  /** How much silence is to be put now, because nothing comes. */
  carryOn(): number {
    const nowMs = this.#clock.nowMs();
    if (this.#soundMs === 0 || nowMs - this.#arrivedMs < CARRY_ON_AFTER_MS) return 0;
    // After a hold, which takes no silence, it may be long.
    const untilMs = nowMs - FRAME_MS;
    const madeMs = Math.min(untilMs - this.#coveredMs, MAX_FILLED_GAP_MS);
    this.#coveredMs = untilMs;
    this.#madeMs += madeMs;
    this.#missingMs += madeMs;
    return madeMs;
  }

  /** Stamps are trusted one by one, as a rounding error must not add up over a call; those of overtaken frames say nothing. */
  #skipped(timestampMs: number, lengthMs: number): number {
    const skippedMs = this.#expectedMs === undefined ? 0 : timestampMs - this.#expectedMs;
    const nextMs = timestampMs + lengthMs;
    const overtaken = skippedMs < 0 && skippedMs > -RESET_MS;
    this.#expectedMs = overtaken ? Math.max(this.#expectedMs ?? nextMs, nextMs) : nextMs;
    return skippedMs;
  }
}
