/**
 * What the caller last said and the tools last answered, until it is certain that the service has heard it.
 *
 * A socket that breaks takes with it what was under way. How much that is, the end itself tells (`unsureSinceMs` of socket.ts);
 * all of it is said again on the next socket, before anything newer, and nothing else is: what the service has heard stays in
 * its session, and what it has heard twice it answers twice: all but answers of tools, whose ids it knows only until the first
 * one. docs/decisions/0005 has the reasoning.
 */
import { durationMs } from '../audio/index.ts';
import { type Said, SaidBlocks } from './said-blocks.ts';

/** As much as a call may hold while there is no session: older speech would be answered long after it was said. */
const MAX_KEPT_MS = 20_000;
/** Twice as many as that is in the shortest frames that a provider sends, for what is not sound. */
const MAX_KEPT_PIECES = 4_000;

export class Unconfirmed {
  readonly #dropped: (lengthMs: number) => void;
  /** Sent on the present socket, oldest first. */
  readonly #sent = new SaidBlocks();
  /** To be said again on the next. */
  #again: Said[] = [];
  /** Whether the caller's speech was declared when the oldest of them was sent. */
  #sentDeclared = false;
  #againDeclared = false;
  #declared = false;

  /** `dropped` hears how much sound went beyond the bound. */
  constructor(dropped: (lengthMs: number) => void) {
    this.#dropped = dropped;
  }

  /** Whether the present socket was told that the caller speaks, and not yet that they stopped. */
  get declared(): boolean {
    return this.#declared;
  }

  /** Sent just now. Sound is copied. */
  sent(said: Said, nowMs: number): void {
    this.#sent.add(said, nowMs);
    if (said.kind === 'activity') this.#declared = said.edge === 'started';
    while (durationMs(this.#sent.samples, 16_000) > MAX_KEPT_MS || this.#sent.pieces > MAX_KEPT_PIECES) {
      this.#dropped(this.#forgetOldest());
    }
  }

  /** All that was sent up to this moment has been heard. */
  confirmed(upToMs: number): void {
    while (this.#sent.pieces > 0 && this.#sent.oldestMs <= upToMs) this.#forgetOldest();
  }

  /** The socket is gone, and what was sent after `unsureSinceMs` may not have been heard. */
  lost(unsureSinceMs: number): void {
    this.confirmed(unsureSinceMs);
    // A socket that never carried anything leaves what is still to be said from before.
    if (this.#again.length === 0) this.#againDeclared = this.#sentDeclared;
    this.#again.push(...this.#sent.takeAll());
    this.#sentDeclared = false;
    this.#declared = false;
  }

  /** What is to be said first on a new socket, oldest first; sent, it is unconfirmed once more. */
  takeAgain(): readonly Said[] {
    const again = this.#again;
    this.#again = [];
    // In the middle of declared speech: the new socket has not been told of its beginning.
    return this.#againDeclared && again.some(({ kind }) => kind === 'sound' || kind === 'activity')
      ? [{ kind: 'activity', edge: 'started' }, ...again]
      : again;
  }

  clear(): void {
    this.#sent.takeAll();
    this.#again = [];
  }

  /** Gives how much sound it was, in ms. */
  #forgetOldest(): number {
    const oldest = this.#sent.shift();
    if (typeof oldest === 'number') return durationMs(oldest, 16_000);
    if (oldest.kind === 'activity') this.#sentDeclared = oldest.edge === 'started';
    return 0;
  }
}
