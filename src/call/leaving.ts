/** When to leave a socket that the Live service is about to close: between two turns if there is such a moment in time. */
import type { Clock } from '../lib/index.ts';

/** Who has the turn: nobody, the caller who is speaking, or the agent, who answers or is about to. */
export type Moment = 'betweenTurns' | 'callerSpeaks' | 'agentsTurn';

/** What is left of the notice must do for closing in good order; a close that comes first would cost what is under way. */
const MARGIN_MS = 5_000;
/** Towards the end, leaving a caller who speaks is the lesser evil: what is said meanwhile is held; an answer would be cut off. */
const CHOOSY_MARGIN_MS = 15_000;

export class Leaving {
  readonly #clock: Clock;
  readonly #leave: () => void;
  #closesAtMs: number | undefined;

  constructor(clock: Clock, leave: () => void) {
    this.#clock = clock;
    this.#leave = leave;
  }

  /** The service closes the socket in `timeLeftMs`. */
  announced(timeLeftMs: number): void {
    this.#closesAtMs = this.#clock.nowMs() + timeLeftMs;
  }

  /** The socket is left, or gone, for whatever reason. */
  left(): void {
    this.#closesAtMs = undefined;
  }

  /** Called a few times a second. */
  look(moment: Moment): void {
    if (this.#closesAtMs === undefined) return;
    const leftMs = this.#closesAtMs - this.#clock.nowMs();
    const isGood = moment === 'betweenTurns' || (moment === 'callerSpeaks' && leftMs <= CHOOSY_MARGIN_MS);
    if (!isGood && leftMs > MARGIN_MS) return;
    this.left();
    this.#leave();
  }
}
