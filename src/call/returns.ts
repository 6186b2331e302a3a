/** How a caller comes back whose stream broke, and how often in a row. */
import { ASKING } from '../telephony/index.ts';
import type { Phase } from './machine.ts';

/** A line that breaks every few seconds is none: the agent's fallback is better for the caller. */
const MAX_RETURNS = 5;
/** A stream that held for so long is no part of a series of breaks. */
const STEADY_STREAM_MS = 60_000;

/** Twilio leaves a stream within a second or two of being led elsewhere. */
const LEAVES_WITHIN_MS = 2_000;
/**
 * Asked to come back for a caller who has meanwhile come back by itself, the provider leaves that stream, too. Who asked here
 * tries no more then, but the last try may be under way.
 */
export const RECALL_MS = ASKING.oneTryMs + LEAVES_WITHIN_MS;
/** A process that another one takes the call from does not know that the caller is back, and goes on trying. */
export const RECALL_BY_OTHERS_MS = ASKING.allTriesMs + LEAVES_WITHIN_MS;

/** Whether a call in this phase goes on by another stream when its stream is over. */
export function takesStreams(phase: Phase): boolean {
  return phase !== 'draining' && phase !== 'ended' && phase !== 'released';
}

export class Returns {
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Whether there may be one more, which then counts. */
  oneMore(nowMs: number): boolean {
    if (nowMs - this.#lastMs > STEADY_STREAM_MS) this.#count = 0;
    this.#count += 1;
    this.#lastMs = nowMs;
    return this.#count <= MAX_RETURNS;
  }
}
