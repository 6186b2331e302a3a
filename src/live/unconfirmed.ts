/**
 * What the caller last said and the tools last answered, until it is certain that the service has heard it.
 *
 * A socket that breaks takes with it what was under way. How much that is, the end itself tells (`unsureSinceMs` of socket.ts);
 * all of it is said again on the next socket, before anything newer, and nothing else is: what the service has heard stays in
 * its session, and what it has heard twice it answers twice: all but answers of tools, whose ids it knows only until the first
 * one. docs/decisions/0005 has the reasoning.
 */
import { durationMs, type Pcm, pcm } from '../audio/index.ts';
import type { ToolAnswer } from './handlers.ts';

export type Said =
  | { readonly kind: 'sound'; readonly samples: Pcm<16000> }
  | { readonly kind: 'activity'; readonly edge: 'started' | 'ended' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'answers'; readonly answers: readonly ToolAnswer[] };

/** As much as a call may hold while there is no session: older speech would be answered long after it was said. */
const MAX_KEPT_MS = 20_000;
/** Twice as many as that is in the shortest frames that a provider sends, for what is not sound. */
const MAX_KEPT_PIECES = 4_000;

/** Half a second: a buffer for each frame would cost more than its bytes, and a longer block is kept for its last frame. */
const BLOCK_SAMPLES = 8_000;

interface Kept {
  readonly said: Said;
  readonly sentAtMs: number;
  /** Whether the caller's speech was declared when this was sent. */
  readonly declared: boolean;
}

export class Unconfirmed {
  readonly #dropped: (lengthMs: number) => void;
  /** Sent on the present socket, oldest first. */
  #sent: Kept[] = [];
  #sentMs = 0;
  /** Where sound is copied to, one piece behind the other; a block is gone with the last piece that lies in it. */
  #block = new Int16Array(0);
  #blockUsed = 0;
  /** To be said again on the next. */
  #again: Kept[] = [];
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
    const kept: Said = said.kind === 'sound' ? { kind: 'sound', samples: this.#copyOf(said.samples) } : said;
    this.#sent.push({ said: kept, sentAtMs: nowMs, declared: this.#declared });
    if (said.kind === 'activity') this.#declared = said.edge === 'started';
    this.#sentMs += lengthOf(said);
    while (this.#sentMs > MAX_KEPT_MS || this.#sent.length > MAX_KEPT_PIECES) this.#dropped(this.#forgetOldest());
  }

  /** All that was sent up to this moment has been heard. */
  confirmed(upToMs: number): void {
    while (this.#sent[0] !== undefined && this.#sent[0].sentAtMs <= upToMs) this.#forgetOldest();
  }

  /** The socket is gone, and what was sent after `unsureSinceMs` may not have been heard. */
  lost(unsureSinceMs: number): void {
    this.confirmed(unsureSinceMs);
    // A socket that never carried anything leaves what is still to be said from before.
    this.#again.push(...this.#sent);
    this.#sent = [];
    this.#sentMs = 0;
    this.#declared = false;
  }

  /** What is to be said first on a new socket, oldest first; sent, it is unconfirmed once more. */
  takeAgain(): readonly Said[] {
    const again = this.#again;
    this.#again = [];
    const said = again.map((kept) => kept.said);
    // In the middle of declared speech: the new socket has not been told of its beginning.
    return again[0]?.declared === true && said.some(({ kind }) => kind === 'sound' || kind === 'activity')
      ? [{ kind: 'activity', edge: 'started' }, ...said]
      : said;
  }

  clear(): void {
    this.#sent = [];
    this.#again = [];
    this.#sentMs = 0;
  }

  #copyOf(samples: Pcm<16000>): Pcm<16000> {
    const { length } = samples;
    if (this.#blockUsed + length > this.#block.length) {
      this.#block = new Int16Array(Math.max(BLOCK_SAMPLES, length));
      this.#blockUsed = 0;
    }
    const copy = this.#block.subarray(this.#blockUsed, this.#blockUsed + length);
    copy.set(samples);
    this.#blockUsed += length;
    return pcm(copy, 16_000);
  }

  #forgetOldest(): number {
    const oldest = this.#sent.shift();
    const lengthMs = oldest === undefined ? 0 : lengthOf(oldest.said);
    this.#sentMs -= lengthMs;
    return lengthMs;
  }
}

function lengthOf(said: Said): number {
  return said.kind === 'sound' ? durationMs(said.samples.length, 16_000) : 0;
}
