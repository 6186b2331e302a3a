/**
 * The agent's voice on its way to the caller: brought to 8 kHz and queued for playing, turn by turn. A turn opens
 * with the model's first sound or word, and closes when the model says that it is generated, complete or interrupted.
 */
import {
  createLevelMeter,
  createLiveliness,
  downsampler24to8,
  durationMs,
  type LevelSummary,
  type Likeness,
  type Pcm,
} from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Playout } from './playout.ts';

/**
 * After an interruption, sound of the cut turn may still be under way until the service completes the turn; measured, that
 * is 1–5 ms later. Should the completion never come, sound counts again after this time: a mute agent would be worse.
 */
const LATE_AUDIO_MS = 500;

/** Words come before the end of their turn's generation, or just after. Later ones are of a new turn, though the last was never closed. */
const LATE_WORDS_MS = 1_000;

export interface DownlinkOptions {
  readonly clock: Clock;
  readonly playout: Playout;
  /** The turns that were counted by an earlier process. */
  readonly turnsBefore: number;
  /** A turn closed without any sound: its words, if there were any, were never said. */
  readonly silentTurn: (turn: number) => void;
  /** What the model's sound is like, chunk by chunk. */
  readonly sounded: (turn: number, likeness: Likeness, lengthMs: number) => void;
}

export class Downlink {
  readonly #options: DownlinkOptions;
  readonly #toPhone = downsampler24to8();
  readonly #meter = createLevelMeter(8000);
  readonly #liveliness = createLiveliness(8000);
  #turn: number;
  #begun = false;
  #lastGeneratedMs = Number.NEGATIVE_INFINITY;
  #sounded = false;
  /** `open`: sound may come; `generated`: its words may still come; `none`: the next sound or word opens a turn. */
  #phase: 'none' | 'open' | 'generated' = 'none';
  #ignoreUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: DownlinkOptions) {
    this.#options = options;
    this.#turn = options.turnsBefore;
  }

  /** The turn to which words that come now belong, opened if need be; undefined: a cut turn, which is settled already. */
  turnOfWords(): number | undefined {
    if (this.#ignoring) return undefined;
    const late = this.#options.clock.nowMs() - this.#lastGeneratedMs <= LATE_WORDS_MS;
    if (this.#phase === 'none' || (this.#phase === 'generated' && !late)) this.#begin();
    return this.#turn;
  }

  /** The one that was opened last. */
  get turn(): number {
    return this.#turn;
  }

  /** Whether the agent has begun a turn yet. */
  get begun(): boolean {
    return this.#begun;
  }

  /** A turn is under way, and more of its sound may come. */
  get generating(): boolean {
    return this.#phase === 'open';
  }

  /** When the last turn was generated to its end, or cut. */
  get lastGeneratedMs(): number {
    return this.#lastGeneratedMs;
  }

  push(chunk: Pcm<24000>): void {
    if (this.#ignoring) return;
    if (this.#phase !== 'open') this.#begin();
    const samples = this.#toPhone.push(chunk);
    this.#enqueue(samples);
    this.#options.sounded(this.#turn, this.#liveliness.push(samples), durationMs(samples.length, 8000));
  }

  /** The turn's last sound has come. */
  generationCompleted(): void {
    if (this.#phase !== 'open') return;
    this.#enqueue(this.#toPhone.flush());
    this.#options.playout.completeTurn(this.#turn);
    this.#phase = 'generated';
    this.#lastGeneratedMs = this.#options.clock.nowMs();
  }

  turnCompleted(): void {
    this.generationCompleted();
    this.#close();
    this.#ignoreUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** The caller spoke over the agent: what is not yet heard must not be. */
  interrupt(): void {
    this.#toPhone.reset();
    this.#options.playout.clear();
    this.#close();
    this.#ignoreUntilMs = this.#options.clock.nowMs() + LATE_AUDIO_MS;
  }

  /** Queues sound of our own behind what is there, as a turn of its own, whose number is told before any of it goes out, and given. */
  say(samples: Pcm<8000>, opened: (turn: number) => void): number {
    this.turnCompleted();
    this.#open();
    opened(this.#turn);
    this.#enqueue(samples);
    this.#options.playout.completeTurn(this.#turn);
    this.#phase = 'none';
    return this.#turn;
  }

  levels(): LevelSummary {
    return this.#meter.summary();
  }

  get #ignoring(): boolean {
    return this.#options.clock.nowMs() < this.#ignoreUntilMs;
  }

  #begin(): void {
    this.#begun = true;
    this.#open();
  }

  #open(): void {
    this.#close();
    this.#turn += 1;
    this.#phase = 'open';
    this.#sounded = false;
    this.#liveliness.reset();
  }

  #close(): void {
    if (this.#phase !== 'none' && !this.#sounded) this.#options.silentTurn(this.#turn);
    this.#phase = 'none';
  }

  #enqueue(samples: Pcm<8000>): void {
    if (samples.length === 0) return;
    this.#sounded = true;
    this.#meter.push(samples);
    this.#options.playout.enqueue(this.#turn, samples);
  }
}
