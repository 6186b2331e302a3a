/**
 * Which of the agent's turns the caller's voice does not stop: those in which it says what it was told to say to everybody. Protection
 * lasts from the order until the turn that answers it was heard.
 */
import type { Clock } from '../lib/index.ts';

export type Protectable = 'greeting' | 'announcements';

/** A thinking model takes up to three seconds to its first sound; one that says nothing leaves the caller unheard no longer. */
const MAX_AWAITED_MS = 4_000;
/** A turn that stands still for so long is as good as over, whatever is still to come of it. */
const OVER_MS = 1_000;

export class Protection {
  readonly #clock: Clock;
  readonly #kinds: readonly Protectable[];
  /** Whether the caller hears the agent. */
  readonly #sounding: () => boolean;
  /** The turn after this one answers the order. `sinceMs`: since the caller could be heard. */
  #awaited: { readonly afterTurn: number; sinceMs: number | undefined } | undefined;
  #turn: number | undefined;
  #soundedMs = 0;

  constructor(clock: Clock, kinds: readonly Protectable[], sounding: () => boolean) {
    this.#clock = clock;
    this.#kinds = kinds;
    this.#sounding = sounding;
  }

  /** The agent is told to say something of this kind; `afterTurn` is the turn that it was in last. */
  ordered(kind: Protectable, afterTurn: number): void {
    if (this.#kinds.includes(kind)) this.#awaited = { afterTurn, sinceMs: undefined };
  }

  /** The caller begins to hear a turn. */
  turnStarted(turn: number): void {
    if (this.#awaited === undefined || turn <= this.#awaited.afterTurn) return;
    this.#awaited = undefined;
    this.#turn = turn;
    this.#soundedMs = this.#clock.nowMs();
  }

  /** It was heard to its end, or never will be. */
  turnEnded(turn: number): void {
    if (turn === this.#turn) this.#turn = undefined;
  }

  /** Asked for each piece of the caller's sound. */
  get active(): boolean {
    if (this.#awaited === undefined && this.#turn === undefined) return false;
    const nowMs = this.#clock.nowMs();
    if (this.#awaited !== undefined) {
      this.#awaited.sinceMs ??= nowMs;
      if (nowMs - this.#awaited.sinceMs >= MAX_AWAITED_MS) this.#awaited = undefined;
    }
    if (this.#sounding()) this.#soundedMs = nowMs;
    else if (nowMs - this.#soundedMs >= OVER_MS) this.#turn = undefined;
    return this.#awaited !== undefined || this.#turn !== undefined;
  }
}
