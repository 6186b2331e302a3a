/**
 * Caller audio of which every 20 ms can be found again: noise in the telephone band with a rhythm of syllables, made from a
 * seed. What was said is looked for in what was heard by correlation, so that lost and doubled sound is measured.
 */

const RATE_HZ = 8_000;
const BLOCK = 160;
export const BLOCK_MS = 20;
/** About −20 dBov, as a speaker on a good line. */
const PEAK = 6_000;
const SYLLABLES_PER_S = 4;
/** The weakest moment between two syllables: so low that a gate does not take long speech for noise, and still heard over µ-law. */
const WEAKEST = 0.08;
/** 160 independent samples correlate by chance with a deviation of about 0.08: this is far out, and µ-law stays above 0.97. */
const ALIKE = 0.6;
/** How far the place of the next block may be off, in samples at 16 kHz, when nothing is missing between. */
const SLACK = 3;
/** Quieter than this, in units of samples squared, a block is not speech: about −50 dBov. */
const QUIET_POWER = 100 * 100;

/** Speech-like sound of this length, in samples at 8 kHz; the same seed always gives the same. */
export function codedSpeech(seed: number, lengthMs: number): Int16Array {
  const random = mulberry32(seed);
  const samples = new Int16Array((lengthMs * RATE_HZ) / 1_000);
  let before = 0;
  for (let i = 0; i < samples.length; i++) {
    const white = 2 * random() - 1;
    // The difference of neighbours takes away what lies below the telephone band.
    const tilted = white - 0.8 * before;
    before = white;
    const swing = Math.abs(Math.sin((Math.PI * SYLLABLES_PER_S * i) / RATE_HZ));
    samples[i] = Math.round(PEAK * (WEAKEST + (1 - WEAKEST) * swing) * tilted * 0.7);
  }
  return samples;
}

export interface Placement {
  readonly saidMs: number;
  /** Said, and nowhere in what was heard. */
  readonly lostMs: number;
  /** Heard more than once. */
  readonly doubledMs: number;
}

/** Looks for everything that was `said` (8 kHz) in what was `heard` (16 kHz), in steps of 20 ms. */
export function placeSpeech(said: readonly Int16Array[], heard: Int16Array): Placement {
  const ear = new Ear(heard);
  const blocks = said.flatMap(blocksOf);
  const places = new Array<number | undefined>(blocks.length).fill(undefined);
  const settle = (index: number, place: number | undefined): boolean => {
    if (place === undefined) return false;
    places[index] = place;
    ear.take(place);
    return true;
  };
  /** What was found once leads to its neighbours, one after another, for as long as nothing is missing or put between. */
  const spread = (from: number, step: 1 | -1): void => {
    for (let index = from + step; index >= 0 && index < blocks.length && places[index] === undefined; index += step) {
      const expected = places[index - step]! + step * 2 * BLOCK;
      if (!settle(index, ear.near(blocks[index]!, expected))) return;
    }
  };
  for (const stride of [ANCHOR_EVERY, 1]) {
    for (let index = 0; index < blocks.length; index += stride) {
      if (places[index] !== undefined || !settle(index, ear.anywhere(blocks[index]!))) continue;
      spread(index, 1);
      spread(index, -1);
    }
  }
  return {
    saidMs: blocks.length * BLOCK_MS,
    lostMs: places.filter((place) => place === undefined).length * BLOCK_MS,
    doubledMs: ear.heardAgain(said) * BLOCK_MS,
  };
}

/** In blocks: a search through everything is dear, and each piece that was heard whole needs but one. */
const ANCHOR_EVERY = 10;

function blocksOf(utterance: Int16Array): Float32Array[] {
  const wide = doubledRate(utterance);
  const count = Math.floor(utterance.length / BLOCK);
  return Array.from({ length: count }, (_, i) => wide.subarray(2 * i * BLOCK, 2 * (i + 1) * BLOCK));
}

class Ear {
  readonly #heard: Float32Array;
  /** The power of everything before each sample. */
  readonly #power: Float64Array;
  readonly #taken: Uint8Array;

  constructor(heard: Int16Array) {
    this.#heard = Float32Array.from(heard);
    this.#power = sums(this.#heard);
    this.#taken = new Uint8Array(heard.length);
  }

  near(block: Float32Array, expected: number): number | undefined {
    return this.#best(block, Math.max(0, expected - SLACK), expected + SLACK, 1, ALIKE);
  }

  anywhere(block: Float32Array): number | undefined {
    return this.#coarse(block, 0, this.#heard.length - block.length);
  }

  take(at: number): void {
    this.#taken.fill(1, at, at + 2 * BLOCK);
  }

  /** How many blocks of speech that were not taken are a second hearing of something said. */
  heardAgain(said: readonly Int16Array[]): number {
    const ears = said.map((utterance) => new Ear(Int16Array.from(doubledRate(utterance))));
    let again = 0;
    for (let at = 0; at + 2 * BLOCK <= this.#heard.length; ) {
      const end = at + 2 * BLOCK;
      const untaken = this.#taken.subarray(at, end).indexOf(1) < 0;
      const loud = this.#power[end]! - this.#power[at]! > QUIET_POWER * 2 * BLOCK;
      const block = this.#heard.subarray(at, end);
      if (untaken && loud && ears.some((ear) => ear.anywhere(block) !== undefined)) again += 1;
      at = untaken ? end : at + 2 * BLOCK - this.#taken.subarray(at, end).toReversed().indexOf(0) || end;
    }
    return again;
  }

  /** With half the samples first, which are enough to know where to look. */
  #coarse(block: Float32Array, from: number, to: number): number | undefined {
    const rough = this.#best(block, from, to, 2, 0.45);
    return rough === undefined ? undefined : this.#best(block, Math.max(0, rough - 2), rough + 2, 1, ALIKE);
  }

  #best(block: Float32Array, from: number, to: number, step: 1 | 2, least: number): number | undefined {
    let blockPower = 0;
    for (let i = 0; i < block.length; i += step) blockPower += block[i]! * block[i]!;
    const last = Math.min(to, this.#heard.length - block.length);
    let best = least;
    let bestAt: number | undefined;
    for (let at = from; at <= last; at++) {
      // Each piece was said once, so that what another one explains is not looked at again.
      if (this.#taken[at + block.length / 2] === 1) continue;
      const power = (this.#power[at + block.length]! - this.#power[at]!) / step;
      if (power < (QUIET_POWER * block.length) / step / 4) continue;
      let dot = 0;
      for (let i = 0; i < block.length; i += step) dot += block[i]! * this.#heard[at + i]!;
      const alike = dot / Math.sqrt(power * blockPower);
      if (alike <= best) continue;
      best = alike;
      bestAt = at;
    }
    return bestAt;
  }
}

/** Taps on either side of the interpolation filter: enough for a correlation, and not the service's own filter. */
const REACH = 12;

function doubledRate(samples: Int16Array): Float32Array {
  const wide = new Float32Array(2 * samples.length);
  for (let i = 0; i < samples.length; i++) {
    wide[2 * i] = samples[i]!;
    let between = 0;
    for (let k = -REACH + 1; k <= REACH; k++) {
      const distance = 0.5 - k;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / REACH);
      between += ((samples[i + k] ?? 0) * window * Math.sin(Math.PI * distance)) / (Math.PI * distance);
    }
    wide[2 * i + 1] = between;
  }
  return wide;
}

function sums(samples: Float32Array): Float64Array {
  const total = new Float64Array(samples.length + 1);
  for (let i = 0; i < samples.length; i++) total[i + 1] = total[i]! + samples[i]! * samples[i]!;
  return total;
}

/** Tommy Ettinger's generator: small, and good enough for noise and for dice. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
