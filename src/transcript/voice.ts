/** When the caller spoke, by the energy gate: transcriptions come without times, and often late. */

export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Pauses for breath and thought are shorter; after a longer one, it is something else that is said. */
export const SPEECH_PAUSE_MS = 3_000;

/** Transcriptions were seen to come 1.2 s after the voice ended; four times that is surely another utterance. */
const LATE_TEXT_MS = 5_000;

/** The span that no line has claimed yet, and what is left when a line claims it. */
export class CallerVoice {
  #span: { startMs: number; endMs: number | undefined } | undefined;
  #lastEndMs: number | undefined;

  get speaking(): boolean {
    return this.#span !== undefined && this.#span.endMs === undefined;
  }

  started(atMs: number): void {
    if (this.speaking) return;
    const goesOn = this.#span?.endMs !== undefined && atMs - this.#span.endMs <= SPEECH_PAUSE_MS;
    this.#span = { startMs: goesOn ? this.#span!.startMs : atMs, endMs: undefined };
  }

  ended(atMs: number): void {
    if (!this.speaking) return;
    this.#span!.endMs = atMs;
    this.#lastEndMs = atMs;
  }

  /** The times of words that came at `firstMs` to `lastMs`, for a line that is finished at `nowMs`. */
  claim(firstMs: number, lastMs: number, nowMs: number): Span {
    const span = this.#span;
    if (span === undefined) {
      // The rest of an utterance of which a line was made already; or words of a voice that the gate did not notice.
      const endMs = this.#lastEndMs ?? Number.NEGATIVE_INFINITY;
      return firstMs - endMs <= LATE_TEXT_MS ? { startMs: endMs, endMs } : { startMs: firstMs, endMs: lastMs };
    }
    this.#span = span.endMs === undefined ? { startMs: nowMs, endMs: undefined } : undefined;
    return { startMs: span.startMs, endMs: span.endMs ?? nowMs };
  }
}
