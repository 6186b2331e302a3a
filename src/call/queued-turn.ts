/** One turn of the agent on its way through the playout: its sound that waits, and how far it was sent and heard. */
import { type Pcm, pcm } from '../audio/index.ts';
import type { PlayedTurn } from '../transcript/index.ts';

const SAMPLES_PER_MS = 8;

export class QueuedTurn {
  readonly id: number;
  readonly #chunks: Pcm<8000>[] = [];
  /** What was sent and is not known to have been heard, for a stream that breaks; at most the provider's lead. */
  readonly #sent: Pcm<8000>[] = [];
  #sentFrom = 0;
  queuedSamples = 0;
  generatedSamples = 0;
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

  constructor(id: number) {
    this.id = id;
  }

  /** Keeps `samples`. */
  add(samples: Pcm<8000>): void {
    this.#chunks.push(samples);
    this.queuedSamples += samples.length;
    this.generatedSamples += samples.length;
  }

  /** Takes up to `limit` samples from the front, without copying when one chunk will do. There must be some. */
  take(limit: number): Pcm<8000> {
    const samples = this.#takeFront(Math.min(limit, this.queuedSamples));
    this.#sent.push(samples);
    this.sentSamples += samples.length;
    return samples;
  }

  /** Up to here it was heard. */
  confirm(atSamples: number): void {
    while (this.#sent[0] !== undefined && this.#sentFrom + this.#sent[0].length <= atSamples) {
      this.#sentFrom += this.#sent.shift()!.length;
    }
  }

  /** What was sent from `toSamples` on was not heard, and is to be sent again. */
  rewind(toSamples: number): void {
    const sent = this.#sent.splice(0);
    for (let skip = toSamples - this.#sentFrom; skip > 0 && sent[0] !== undefined; ) {
      const first = sent[0];
      if (first.length <= skip) sent.shift();
      else sent[0] = first.subarray(skip) as Pcm<8000>;
      skip -= first.length;
    }
    this.#chunks.unshift(...sent);
    this.queuedSamples += this.sentSamples - toSamples;
    this.sentSamples = toSamples;
    this.#sentFrom = toSamples;
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

  #takeFront(length: number): Pcm<8000> {
    this.queuedSamples -= length;
    if (this.#chunks[0]!.length >= length) return this.#cutFront(length);
    const samples = pcm(new Int16Array(length), 8000);
    for (let filled = 0; filled < length; ) {
      const part = this.#cutFront(length - filled);
      samples.set(part, filled);
      filled += part.length;
    }
    return samples;
  }

  /** At most `limit` samples of the first chunk; the rest of it stays. */
  #cutFront(limit: number): Pcm<8000> {
    const first = this.#chunks[0]!;
    if (first.length <= limit) {
      this.#chunks.shift();
      return first;
    }
    this.#chunks[0] = first.subarray(limit) as Pcm<8000>;
    return first.subarray(0, limit) as Pcm<8000>;
  }
}
