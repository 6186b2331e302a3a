/** Tells voice from the line's noise by loudness alone: enough to time answers and to notice that a caller speaks. */
import { dbovOfPower, energyOf } from './dbov.ts';
import { createFramer } from './framer.ts';
import type { Pcm } from './pcm.ts';

export interface SpeechGateOptions {
  /** How long it must be quiet until speech counts as ended. Default 200 ms, with which ITU-T P.56 bridges pauses. */
  readonly hangoverMs?: number;
}

export interface SpeechGate<RateHz extends number> {
  /** What this chunk changed. Chunks should be shorter than a word: of several changes in one, only the sum is told. */
  readonly push: (samples: Pcm<RateHz>) => 'started' | 'ended' | undefined;
  readonly speaking: boolean;
  /** Whether the last block alone was louder than noise: true for the first blocks of speech, and for a mere click. */
  readonly loud: boolean;
  /** The sum of the squares of the last block. */
  readonly energy: number;
  /** How long ago, in sound, voice was last heard: 0 while it sounds, Infinity before the first. */
  readonly quietMs: number;
  readonly reset: () => void;
}

/** Two periods of the deepest voice: shorter blocks rise and fall with its pitch. */
const BLOCK_MS = 20;
/** Speech is believed after this much of loudness, less what was quiet between. A key's click or a crackle is shorter. */
export const SPEECH_ONSET_MS = 80;
const ONSET_BLOCKS = SPEECH_ONSET_MS / BLOCK_MS;
const DEFAULT_HANGOVER_MS = 200;

/** How far above the noise a block must lie; steady noise stays within 3 dB of its mean over a block. */
const MARGIN_DB = 10;
/** No noise is taken for quieter, so that −50 dBov is the quietest that can count as voice; speech lies about −26. */
const LOWEST_NOISE_DBOV = -60;
/** What a line is thought to have before it shows: a noisy one does not pass for speech, and a caller who is already speaking does. */
const FIRST_NOISE_DBOV = -45;
/** Quieter than any line: nothing came through. It says nothing of the noise. A-law's silence decodes to 8, −72 dBov. */
const NO_SIGNAL_DBOV = -70;
/** The estimate sinks this fast, so that the gaps between syllables show it the noise, and one quiet block does not. */
const NOISE_FALL_DB_PER_S = 100;
/** And rises this slowly, so that a long vowel is no noise, yet a fan that starts is one after a few seconds. */
const NOISE_RISE_DB_PER_S = 3;

export function createSpeechGate<RateHz extends number>(
  rateHz: RateHz,
  { hangoverMs = DEFAULT_HANGOVER_MS }: SpeechGateOptions = {},
): SpeechGate<RateHz> {
  const framer = createFramer(rateHz, BLOCK_MS);
  let noiseDbov = FIRST_NOISE_DBOV;
  let speaking = false;
  let loud = false;
  let energy = 0;
  let loudBlocks = 0;
  let quietMs = Number.POSITIVE_INFINITY;

  const judge = (block: Pcm<RateHz>): void => {
    energy = energyOf(block);
    const levelDbov = dbovOfPower(energy / block.length);
    noiseDbov = followed(noiseDbov, levelDbov);
    loud = levelDbov > noiseDbov + MARGIN_DB;
    loudBlocks = loud ? Math.min(ONSET_BLOCKS, loudBlocks + 1) : Math.max(0, loudBlocks - 1);
    const begins = !speaking && loudBlocks === ONSET_BLOCKS;
    quietMs = begins || (speaking && loud) ? 0 : quietMs + BLOCK_MS;
    speaking = begins || (speaking && quietMs < hangoverMs);
  };

  return {
    push: (samples) => {
      const spoke = speaking;
      framer.push(samples, judge);
      return edgeBetween(spoke, speaking);
    },
    get speaking() {
      return speaking;
    },
    get loud() {
      return loud;
    },
    get energy() {
      return energy;
    },
    get quietMs() {
      return quietMs;
    },
    reset: () => {
      framer.reset();
      noiseDbov = FIRST_NOISE_DBOV;
      speaking = false;
      loud = false;
      energy = 0;
      loudBlocks = 0;
      quietMs = Number.POSITIVE_INFINITY;
    },
  };
}

export function edgeBetween(spoke: boolean, speaks: boolean): 'started' | 'ended' | undefined {
  if (spoke === speaks) return undefined;
  return speaks ? 'started' : 'ended';
}

/** The noise estimate after a block of this level: it goes towards it, no faster than it may. */
function followed(noiseDbov: number, levelDbov: number): number {
  if (levelDbov < NO_SIGNAL_DBOV) return noiseDbov;
  const lowest = noiseDbov - (NOISE_FALL_DB_PER_S * BLOCK_MS) / 1_000;
  const highest = noiseDbov + (NOISE_RISE_DB_PER_S * BLOCK_MS) / 1_000;
  return Math.max(LOWEST_NOISE_DBOV, Math.min(highest, Math.max(lowest, levelDbov)));
}
