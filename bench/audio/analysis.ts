/** What is in one period of sound: the tone, its noise, and the loudest of what else there is. */

import { wave } from './signals.ts';

export interface ToneFit {
  /** In samples' units. */
  readonly peak: number;
  /** By how much it lags behind a sine that starts at zero with the period, in radians, −π to π. */
  readonly lag: number;
  /** The mean square of all that is neither the tone nor a constant. */
  readonly noisePower: number;
}

/**
 * The least-squares fit of sine, cosine and a constant. Over whole turns the three are orthogonal, so that each is found alone, and
 * the power of what they leave is the sound's less theirs. `samples` is one period, and the tone goes through `bin` turns in it.
 */
export function fitTone(samples: Int16Array, bin: number): ToneFit {
  const { length } = samples;
  const turn = wave(length);
  let [sine, cosine, sum, energy] = [0, 0, 0, 0];
  for (let i = 0, at = 0; i < length; i++, at = (at + bin) % length) {
    const sample = samples[i]!;
    sine += sample * turn[at]!;
    cosine += sample * turn[(at + length / 4) % length]!;
    sum += sample;
    energy += sample * sample;
  }
  const [inPhase, quadrature, mean] = [(2 * sine) / length, (2 * cosine) / length, sum / length];
  const noisePower = Math.max(0, energy / length - mean ** 2 - (inPhase ** 2 + quadrature ** 2) / 2);
  return { peak: Math.hypot(inPhase, quadrature), lag: Math.atan2(-quadrature, inPhase), noisePower };
}

/** Infinity: there is no noise. */
export function snrDb({ peak, noisePower }: ToneFit): number {
  return 10 * Math.log10(peak ** 2 / 2 / noisePower);
}

/** The peak of each sine in a period, by its bin, from 0 up to half the rate. The length is a power of two. */
export function peaksOf(samples: Int16Array): Float64Array {
  const { length } = samples;
  const real = Float64Array.from(samples);
  const imaginary = new Float64Array(length);
  fourier(real, imaginary);
  // Every component between the two ends has one half of it at its negative frequency.
  return Float64Array.from({ length: length / 2 + 1 }, (_, bin) => {
    const halves = bin === 0 || bin === length / 2 ? 1 : 2;
    return (halves * Math.hypot(real[bin]!, imaginary[bin]!)) / length;
  });
}

/** The loudest of the bins from `first` to `last`. */
export function loudest(peaks: Float64Array, first: number, last: number): number {
  return peaks.subarray(first, last + 1).reduce((most, peak) => Math.max(most, peak), 0);
}

/** The discrete Fourier transform in place, by halving (Cooley and Tukey, 1965). */
function fourier(real: Float64Array, imaginary: Float64Array): void {
  const { length } = real;
  if (!Number.isInteger(Math.log2(length))) throw new RangeError(`${length} samples are no power of two`);
  for (let i = 0, j = 0; i < length; i++) {
    if (i < j) {
      [real[i], real[j]] = [real[j]!, real[i]!];
      [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
    }
    let bit = length >> 1;
    for (; bit > 0 && (j & bit) !== 0; bit >>= 1) j ^= bit;
    j |= bit;
  }
  for (let half = 1; half < length; half *= 2) {
    for (let k = 0; k < half; k++) {
      const [c, s] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)];
      for (let at = k; at < length; at += 2 * half) {
        const other = at + half;
        const r = c * real[other]! - s * imaginary[other]!;
        const i = c * imaginary[other]! + s * real[other]!;
        real[other] = real[at]! - r;
        imaginary[other] = imaginary[at]! - i;
        real[at] = real[at]! + r;
        imaginary[at] = imaginary[at]! + i;
      }
    }
  }
}
