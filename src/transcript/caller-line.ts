/** The caller's side of the transcript: fragments of transcription and pressed keys become lines. */
import type { Cancel, Clock } from '../lib/index.ts';
import type { SaidTurn } from './dialogue.ts';
import type { Line } from './line.ts';
import { CallerVoice, SPEECH_PAUSE_MS } from './voice.ts';

/** Keys of one number follow each other faster; a menu's answers come more slowly. */
const DIGITS_PAUSE_MS = 2_000;
/** About ten minutes of speech: whoever talks on gets a line for each such piece. */
const MAX_LINE_CHARS = 10_000;

interface OpenLine {
  readonly kind: Line['kind'];
  text: string;
  readonly firstMs: number;
  lastMs: number;
}

/** Times are the Clock's. */
export class CallerLines {
  readonly #voice = new CallerVoice();
  readonly #clock: Clock;
  readonly #finished: (line: Line) => void;
  #open: OpenLine | undefined;
  #cancelPause: Cancel = () => undefined;

  constructor(clock: Clock, finished: (line: Line) => void) {
    this.#clock = clock;
    this.#finished = finished;
  }

  voiceStarted(atMs: number): void {
    this.#voice.started(atMs);
  }

  voiceEnded(atMs: number): void {
    this.#voice.ended(atMs);
    if (this.#open?.kind === 'speech') this.#finishAfter(SPEECH_PAUSE_MS);
  }

  said(text: string, atMs: number): void {
    const line = this.#lineOf('speech', atMs);
    line.text += text;
    if (line.text.length > MAX_LINE_CHARS) this.finish();
    else this.#finishAfter(SPEECH_PAUSE_MS);
  }

  digit(digit: string, atMs: number): void {
    if (this.#open?.kind === 'digits' && atMs - this.#open.lastMs > DIGITS_PAUSE_MS) this.finish();
    const line = this.#lineOf('digits', atMs);
    line.text += digit;
    if (line.text.length > MAX_LINE_CHARS) this.finish();
    else this.#finishAfter(DIGITS_PAUSE_MS);
  }

  /** Whoever is answered has finished; keys may be pressed on while the agent speaks. */
  finishSpeech(): void {
    if (this.#open?.kind === 'speech') this.finish();
  }

  finish(): void {
    this.#cancelPause();
    const line = this.#open;
    if (line === undefined) return;
    this.#open = undefined;
    const text = tidy(line.text);
    if (text === '') return;
    const { firstMs, lastMs } = line;
    const span =
      line.kind === 'digits'
        ? { startMs: firstMs, endMs: lastMs }
        : this.#voice.claim(firstMs, lastMs, this.#clock.nowMs());
    this.#finished({ speaker: 'caller', kind: line.kind, text, heardText: text, cut: false, ...span });
  }

  /** The speech that is not a line yet. */
  saying(): SaidTurn[] {
    const text = this.#open?.kind === 'speech' ? tidy(this.#open.text) : '';
    return text === '' ? [] : [{ speaker: 'caller', text }];
  }

  #lineOf(kind: Line['kind'], atMs: number): OpenLine {
    if (this.#open !== undefined && this.#open.kind !== kind) this.finish();
    this.#open ??= { kind, text: '', firstMs: atMs, lastMs: atMs };
    this.#open.lastMs = atMs;
    return this.#open;
  }

  #finishAfter(pauseMs: number): void {
    this.#cancelPause();
    this.#cancelPause = this.#clock.after(pauseMs, () => {
      // While the voice goes on, more of the same is to come; its end arms this again.
      if (this.#open?.kind === 'digits' || !this.#voice.speaking) this.finish();
    });
  }
}

/** Fragments bring their own spaces, also at both ends. */
export function tidy(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}
