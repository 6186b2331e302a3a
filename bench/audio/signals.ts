/** The sound that goes in: tones that repeat without a seam, at the levels of a telephone line. */

/**
 * What is measured is this much sound: 1.024 s, the same at each rate, and a power of two of samples at 8 and at 16 kHz. A tone is
 * a whole number of turns in it (its bin), so that what is neither the tone nor a harmonic is not smeared into either.
 */
const PERIOD_MS = 1_024;
const BIN_HZ = 1_000 / PERIOD_MS;
/** ITU-T G.711: μ-law overloads at 8159 of its 14 bits, and a sine of that peak has +3.17 dBm0. */
const OVERLOAD_PEAK = 8_159 * 4;
const OVERLOAD_DBM0 = 3.17;

export function periodAt(rateHz: number): number {
  return (rateHz * PERIOD_MS) / 1_000;
}

/** The bin nearest to a frequency that is odd: no two samples at 8 kHz are then at the same place of the wave, and the codec's noise is of all of them. */
export function binOf(hz: number): number {
  return 2 * Math.floor(hz / BIN_HZ / 2) + 1;
}

export function hzOf(bin: number): number {
  return bin * BIN_HZ;
}

/** Odd bins, about `stepHz` apart, the ends included. */
export function sweep(fromHz: number, toHz: number, stepHz: number): readonly number[] {
  const [first, last] = [binOf(fromHz), binOf(toHz)];
  const steps = Math.ceil((hzOf(last) - hzOf(first)) / stepHz);
  return Array.from({ length: steps + 1 }, (_, i) => binOf(hzOf(first + ((last - first) * i) / steps)));
}

const waves = new Map<number, Float64Array>();

/** One turn of a sine in `period` steps, computed once. */
export function wave(period: number): Float64Array {
  const known = waves.get(period);
  if (known !== undefined) return known;
  const made = Float64Array.from({ length: period }, (_, i) => Math.sin((2 * Math.PI * i) / period));
  waves.set(period, made);
  return made;
}

/** The peak of a sine, in units of 16-bit samples. */
export function peakOfDbm0(dbm0: number): number {
  return OVERLOAD_PEAK * 10 ** ((dbm0 - OVERLOAD_DBM0) / 20);
}

/** `periods` periods of a sine that starts at zero, rounded to 16 bits. */
export function sine(bin: number, peak: number, rateHz: number, periods = 1): Int16Array {
  const turn = wave(periodAt(rateHz));
  const samples = new Int16Array(periods * turn.length);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(peak * turn[(bin * i) % turn.length]!);
  return samples;
}

/** One period of a square wave. */
export function square(bin: number, peak: number, rateHz: number): Int16Array {
  return sine(bin, 1_000, rateHz).map((value) => (value < 0 ? -peak : peak));
}

/** Numbers in [0, 1) that are the same in every run: a linear congruential generator (Numerical Recipes). */
export function repeatable(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** White noise over the whole scale of 16 bits. */
export function fullScaleNoise(length: number, seed = 1): Int16Array {
  const next = repeatable(seed);
  return Int16Array.from({ length }, () => Math.floor(65_536 * next()) - 32_768);
}
