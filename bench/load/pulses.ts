/**
 * Clicks in the sound that say who sent them: words of short pulses, whose distances are digits. They pass G.711 and any
 * resampler, so that the same word is found on the other side of a relay, in whatever message it lies there.
 */

/** A word's digits run from 0 to 15. */
export const BASE = 16;
/** A pulse is a raised cosine, whose spectrum ends below 2 kHz: no filter of a telephone path changes it. */
const PULSE_MS = 1;
const HEIGHT = 30_000;
/** What is louder is a pulse: G.711 and filters leave nine tenths of one, and no other sound of the bench comes near. */
export const THRESHOLD = 16_000;
/** From one pulse's middle to the next, for the digit 0, and what each step adds. */
const LEAST_GAP_MS = 3.75;
const STEP_MS = 0.75;
/** No two pulses of a word are farther apart. */
const LONGEST_GAP_MS = LEAST_GAP_MS + BASE * STEP_MS;

/** Adds the word of these digits, its first pulse's middle `atMs` into the samples. */
export function addWord(samples: Int16Array, rateHz: number, atMs: number, digits: readonly number[]): void {
  let middleMs = atMs;
  addPulse(samples, rateHz, middleMs);
  for (const digit of digits) {
    middleMs += LEAST_GAP_MS + digit * STEP_MS;
    addPulse(samples, rateHz, middleMs);
  }
}

function addPulse(samples: Int16Array, rateHz: number, middleMs: number): void {
  const half = (PULSE_MS * rateHz) / 1_000 / 2;
  const middle = (middleMs * rateHz) / 1_000;
  for (let i = Math.ceil(middle - half); i <= middle + half; i++) {
    if (i < 0 || i >= samples.length) continue;
    samples[i] = Math.round((HEIGHT / 2) * (1 + Math.cos((Math.PI * (i - middle)) / half)));
  }
}

export interface FoundWord {
  readonly digits: readonly number[];
  /** Handed in with the piece in which the word began. */
  readonly at: number;
  /** Where in that piece its first pulse has its middle. */
  readonly offsetMs: number;
}

/** Finds words of so many digits in a stream of pieces of any length. */
export interface WordFinder {
  /** Calls `found` for each word that ends in this piece. `at` is the piece's time, or whatever is to be known of it. */
  push(samples: Int16Array, length: number, at: number): void;
}

interface Pulse {
  readonly index: number;
  readonly at: number;
  readonly offsetMs: number;
}

export function createWordFinder(rateHz: number, digitCount: number, found: (word: FoundWord) => void): WordFinder {
  const perMs = rateHz / 1_000;
  const longest = LONGEST_GAP_MS * perMs;
  let before = 0;
  let peak = 0;
  let top: Pulse = { index: 0, at: 0, offsetMs: 0 };
  let pulses: Pulse[] = [];

  const add = (pulse: Pulse): void => {
    const last = pulses.at(-1);
    if (last !== undefined && pulse.index - last.index > longest) pulses = [];
    pulses.push(pulse);
    if (pulses.length <= digitCount) return;
    const digits = pulses.slice(1).map(({ index: to }, i) => {
      const gapMs = (to - pulses[i]!.index) / perMs;
      return Math.min(BASE - 1, Math.max(0, Math.round((gapMs - LEAST_GAP_MS) / STEP_MS)));
    });
    found({ digits, at: pulses[0]!.at, offsetMs: pulses[0]!.offsetMs });
    pulses = [];
  };

  return {
    push(samples, length, at) {
      for (let i = 0; i < length; i++) {
        const sample = samples[i]!;
        if (sample > THRESHOLD) {
          if (sample > peak) {
            peak = sample;
            top = { index: before + i, at, offsetMs: i / perMs };
          }
        } else if (peak > 0) {
          add(top);
          peak = 0;
        }
      }
      before += length;
    },
  };
}

/** A number as digits, the highest first. */
export function digitsOf(number: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(number / BASE ** (count - 1 - i)) % BASE);
}

export const numberOf = (digits: readonly number[]): number => digits.reduce((sum, digit) => sum * BASE + digit, 0);
