/** What the phone plays to the caller: a buffer that empties in real time, and the record of what was heard of it. */
import type { Clock } from '../../lib/index.ts';

/** μ-law at 8 kHz: eight bytes are one millisecond. */
export const BYTES_PER_MS = 8;
/** ITU-T G.711: the μ-law code of zero. */
export const ULAW_SILENCE = 0xff;
/** Room for ten seconds; it doubles when it is full. */
const FIRST_ROOM_BYTES = 10_000 * BYTES_PER_MS;

export interface Playback {
  /** Plays behind what is queued, or at once when nothing is. */
  play(ulaw: Uint8Array): void;
  /** Drops what is not yet played, and says how much that was. */
  clear(): number;
  /** When all that is queued will have been played, on the clock; in the past when nothing is. */
  endsAtMs(): number;
  /** What the caller heard between two moments, in ms since the beginning; shares the record's memory. */
  heard(fromMs: number, toMs: number): Uint8Array;
}

/** Begins now. Sound that would lie beyond `maxMs` is not kept: the call ends there. */
export function createPlayback(clock: Clock, maxMs: number): Playback {
  const beganMs = clock.nowMs();
  const maxBytes = maxMs * BYTES_PER_MS;
  let bytes = new Uint8Array(FIRST_ROOM_BYTES).fill(ULAW_SILENCE);
  /** Where the next sound goes; what lies before it and after `now` is the buffer. */
  let end = 0;

  const now = (): number => Math.min(maxBytes, Math.floor((clock.nowMs() - beganMs) * BYTES_PER_MS));

  const makeRoom = (needed: number): void => {
    if (needed <= bytes.length) return;
    const wider = new Uint8Array(Math.min(maxBytes, Math.max(needed, 2 * bytes.length))).fill(ULAW_SILENCE);
    wider.set(bytes.subarray(0, end));
    bytes = wider;
  };

  return {
    play(ulaw) {
      const start = Math.max(end, now());
      const kept = ulaw.subarray(0, maxBytes - start);
      makeRoom(start + kept.length);
      bytes.set(kept, start);
      end = start + kept.length;
    },
    clear() {
      const at = now();
      const dropped = Math.max(0, end - at);
      if (dropped > 0) {
        bytes.fill(ULAW_SILENCE, at, end);
        end = at;
      }
      return dropped / BYTES_PER_MS;
    },
    endsAtMs: () => beganMs + end / BYTES_PER_MS,
    heard(fromMs, toMs) {
      const to = Math.min(maxBytes, Math.round(toMs * BYTES_PER_MS));
      makeRoom(to);
      return bytes.subarray(Math.round(fromMs * BYTES_PER_MS), to);
    },
  };
}
