/** One turn of the agent on its way through the playout: its sound that waits, and how far it was sent and heard. */
import { createTape, type Pcm, type Tape } from '../audio/index.ts';
import type { PlayedTurn } from '../transcript/index.ts';

const SAMPLES_PER_MS = 8;

/** A short answer. */
const TAPE_SAMPLES = 1_000 * SAMPLES_PER_MS;
/** 128 KB: what a long answer takes beyond is not kept for the next. */
const MAX_SPARE_SAMPLES = 8_000 * SAMPLES_PER_MS;

/** The memory of turns that are over, for those that come. */
export class TurnTapes {
  #spare: Tape<8000> | undefined;

  take(): Tape<8000> {
    const tape = this.#spare ?? createTape(8_000, TAPE_SAMPLES);
    this.#spare = undefined;
    return tape;
  }

  /** Nobody reads it any more. */
  giveBack(tape: Tape<8000>): void {
    if (tape.capacity > MAX_SPARE_SAMPLES) return;
    tape.erase();
    this.#spare = tape;
  }
}

export class QueuedTurn {
  readonly id: number;
  /** All of its sound but what is known to have been heard: a stream may break. */
  readonly tape: Tape<8000>;
  sentSamples = 0;
  samplesSinceMark = 0;
  /** Of what was sent, what the provider never got. */
  lostSamples = 0;
  /** No more sound will come. */
  complete = false;
  endMarkSent = false;
  /** When its first sound reached the caller; undefined until it is sent. */
  startMs: number | undefined;
  /** When the last of it that was sent will have been played. */
  playedUntilMs = 0;
  /** Where the last echoed mark stood in the turn, and when it was echoed. After `rewind`: from where, and when, it is played again. */
  echoedSamples = 0;
  echoedAtMs: number | undefined;

  /** `tape`: an empty one, for this turn alone while there is this turn. */
  constructor(id: number, tape: Tape<8000>) {
    this.id = id;
    this.tape = tape;
  }

  get generatedSamples(): number {
    return this.tape.to;
  }

  get queuedSamples(): number {
    return this.tape.to - this.sentSamples;
  }

  /** Copies `samples`. */
  add(samples: Pcm<8000>): void {
    this.tape.append(samples);
  }

  /** Up to `limit` samples that come next; valid until the next `add`. */
  take(limit: number): Pcm<8000> {
    const from = this.sentSamples;
    this.sentSamples += Math.min(limit, this.queuedSamples);
    return this.tape.view(from, this.sentSamples);
  }

  /** Up to here it was heard. */
  confirm(atSamples: number): void {
    this.tape.forget(atSamples);
  }

  /** What was sent from `toSamples` on was not heard, and is to be sent again. */
  rewind(toSamples: number): void {
    this.sentSamples = toSamples;
    this.samplesSinceMark = 0;
    this.endMarkSent = false;
    this.lostSamples = 0;
    this.echoedSamples = toSamples;
    // Nothing more of it is heard until it is played again.
    this.echoedAtMs = Number.POSITIVE_INFINITY;
  }

  /** Its sound is played so much later than it was sent for. */
  heldUp(lateMs: number): void {
    if (this.startMs !== undefined && this.echoedSamples === 0) this.startMs += lateMs;
    this.playedUntilMs += lateMs;
  }

  /** `nextMark`: where the next mark stands that was not echoed, in samples. */
  played(nowMs: number, nextMark: number): PlayedTurn {
    const heardSamples = Math.max(0, this.heardSamples(nowMs, nextMark) - this.lostSamples);
    const startMs = Math.min(this.startMs ?? nowMs, nowMs);
    return {
      startMs,
      // An echo comes a network's delay after the sound: it must not make the turn longer than it was.
      endMs: Math.max(startMs, Math.min(nowMs, this.playedUntilMs)),
      heardMs: heardSamples / SAMPLES_PER_MS,
      generatedMs: this.generatedSamples / SAMPLES_PER_MS,
      cut: heardSamples < this.generatedSamples,
    };
  }

  /** Up to the last echoed mark for certain; from there on as much as time has passed, but not past the next mark. */
  heardSamples(nowMs: number, nextMark: number): number {
    if (this.startMs === undefined) return 0;
    const sinceMs = nowMs - (this.echoedAtMs ?? this.startMs);
    const estimate = this.echoedSamples + Math.max(0, sinceMs) * SAMPLES_PER_MS;
    return Math.floor(Math.min(estimate, nextMark));
  }
}
