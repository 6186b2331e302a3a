/** Calls that ended in this process, remembered for whoever is asked about them. */
import type { Clock } from '../lib/index.ts';

/** Twilio asks within seconds, and repeats what fails for some minutes. */
export const ENDED_MS = 10 * 60_000;
/** Ten minutes' worth on a busy day. */
const MAX_ENDED = 5_000;

export class EndedCalls {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #ended = new Map<string, { readonly answer: string; readonly endedMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(callId: string, answer: string): void {
    this.#ended.delete(callId);
    this.#ended.set(callId, { answer, endedMs: this.#clock.nowMs() });
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value!);
  }

  answerOf(callId: string): string | undefined {
    const ended = this.#ended.get(callId);
    return ended === undefined || this.#clock.nowMs() - ended.endedMs > ENDED_MS ? undefined : ended.answer;
  }
}
