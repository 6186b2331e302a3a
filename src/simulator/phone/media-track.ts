/** The caller's frames on their way into a stream: numbered, timed, and spoilt where a fault says so. */
import type { LineFault } from './line-faults.ts';

/** What a fault does to the frames while it lasts. */
type Spell = Extract<LineFault, { fault: 'gap' | 'silence' | 'loss' | 'burst' }>;

export interface MediaTrack {
  /** Takes effect with the next frame. */
  spoil(fault: Spell | Extract<LineFault, { fault: 'timestamps' }>): void;
  /** One frame; valid during the call only. */
  frame(ulaw: Uint8Array, elapsedMs: number): void;
}

export interface MediaTrackOptions {
  readonly frameMs: number;
  /** `chunk` counts from 1. */
  send(chunk: number, timestampMs: number, ulaw: Uint8Array): void;
  /** A message that was numbered and never arrived. */
  lost(): void;
}

export function createMediaTrack({ frameMs, send, lost }: MediaTrackOptions): MediaTrack {
  let chunk = 0;
  let timestampMs = 0;
  let spell: { readonly fault: Spell['fault']; readonly untilMs: number } | undefined;
  /** Bounded by the length that the fault may have. */
  const held: Uint8Array[] = [];

  const advance = (): void => {
    chunk += 1;
    timestampMs += frameMs;
  };
  const emit = (ulaw: Uint8Array): void => {
    send(chunk + 1, timestampMs, ulaw);
    advance();
  };

  return {
    spoil(fault) {
      if (fault.fault === 'timestamps') timestampMs = fault.toMs;
      else spell = { fault: fault.fault, untilMs: fault.atMs + fault.lengthMs };
    },
    frame(ulaw, elapsedMs) {
      if (spell !== undefined && elapsedMs >= spell.untilMs) spell = undefined;
      switch (spell?.fault) {
        case 'gap':
          timestampMs += frameMs;
          break;
        case 'silence':
          break;
        case 'loss':
          lost();
          advance();
          break;
        case 'burst':
          held.push(ulaw.slice());
          break;
        default:
          for (const late of held.splice(0)) emit(late);
          emit(ulaw);
      }
    },
  };
}
