/** Tells speech from sound that is none: a voice that has all but no amplitude, and a tone or hiss that does not vary. */
import { rmsDbov } from './dbov.ts';
import { createFramer } from './framer.ts';
import { durationMs, type Pcm } from './pcm.ts';

/** What the last sound was like; `lastedMs` of it, without a break. `unclear`: sound, too short to tell. */
export interface Likeness {
  readonly kind: 'speech' | 'silence' | 'tone' | 'unclear';
  readonly lastedMs: number;
}

export interface Liveliness<RateHz extends number> {
  readonly push: (samples: Pcm<RateHz>) => Likeness;
  /** What comes next has nothing to do with what came before. */
  readonly reset: () => void;
}

const BLOCK_MS = 20;
/** Nothing that quiet is a voice: speech lies about −26 dBov, and its softest sounds above −50. */
const SILENT_DBOV = -60;
/** Blocks of a tone differ by less than 1 dB, those of steady noise by 2.5; a voice spans 20 dB within a word. */
const STEADY_DB = 3;
/** Words change level several times a second; a tone does when it begins and when it ends. */
const MOVES_OF_SPEECH = 3;
const MOVES_WITHIN_MS = 1_000;
/** The longest that a voice holds a level: a drawn-out vowel is over by then. */
const STEADY_MS = 1_000;

export function createLiveliness<RateHz extends number>(rateHz: RateHz): Liveliness<RateHz> {
  const framer = createFramer(rateHz, BLOCK_MS);
  let heardMs = 0;
  let silentMs = 0;
  let steadyMs = 0;
  let lowest = 0;
  let highest = 0;
  let before: number | undefined;
  /** When the level last moved, by the sound heard until then; the newest few. */
  let moves: number[] = [];

  const judge = (block: Pcm<RateHz>): void => {
    const level = rmsDbov(block);
    heardMs += BLOCK_MS;
    silentMs = level < SILENT_DBOV ? silentMs + BLOCK_MS : 0;
    const stays = Math.max(highest, level) - Math.min(lowest, level) < STEADY_DB;
    lowest = stays ? Math.min(lowest, level) : level;
    highest = stays ? Math.max(highest, level) : level;
    steadyMs = silentMs > 0 ? 0 : stays ? steadyMs + BLOCK_MS : BLOCK_MS;
    const moved = before !== undefined && Math.abs(level - before) >= STEADY_DB;
    if (moved && Math.max(level, before!) >= SILENT_DBOV) moves = [...moves.slice(1 - MOVES_OF_SPEECH), heardMs];
    before = level;
  };

  return {
    push: (samples) => {
      const fromMs = heardMs;
      framer.push(samples, judge);
      if (silentMs > 0 && silentMs >= heardMs - fromMs) return { kind: 'silence', lastedMs: silentMs };
      if (steadyMs >= STEADY_MS) return { kind: 'tone', lastedMs: steadyMs };
      const spoken = moves.length === MOVES_OF_SPEECH && moves[0]! > fromMs - MOVES_WITHIN_MS;
      return { kind: spoken ? 'speech' : 'unclear', lastedMs: durationMs(samples.length, rateHz) };
    },
    reset: () => {
      framer.reset();
      heardMs = 0;
      silentMs = 0;
      steadyMs = 0;
      lowest = 0;
      highest = 0;
      before = undefined;
      moves = [];
    },
  };
}
