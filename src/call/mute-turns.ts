/** Which turns of the agent had sound and no speech: the caller heard none of their words. */
import type { Likeness } from '../audio/index.ts';

/** A beep is shorter. */
const TONE_TOO_LONG_MS = 3_000;
/** Turns end in the order in which they came; more than a few at a time are not under way. */
const MAX_TURNS = 32;

export class MuteTurns {
  readonly #turns = new Map<number, 'speech' | 'sound' | 'mute'>();

  sounded(turn: number, { kind, lastedMs }: Likeness): void {
    const before = this.#turns.get(turn);
    if (before === 'speech') return;
    if (kind === 'speech') this.#turns.set(turn, 'speech');
    else if (kind === 'silence') this.#turns.set(turn, before ?? 'mute');
    else this.#turns.set(turn, kind === 'tone' && lastedMs >= TONE_TOO_LONG_MS ? 'mute' : 'sound');
    if (this.#turns.size > MAX_TURNS) this.#turns.delete(this.#turns.keys().next().value!);
  }

  /** Asked once, when the turn has ended. */
  wasMute(turn: number): boolean {
    const wasMute = this.#turns.get(turn) === 'mute';
    this.#turns.delete(turn);
    return wasMute;
  }
}
