/** The filters behind resampling: windowed-sinc low-passes, designed from what they must do, and the sum that runs them. */

const { fround } = Math;

export interface LowpassDesign {
  /** Odd, so that the delay, (taps − 1) / 2, is a whole number of samples. */
  readonly taps: number;
  readonly rateHz: number;
  /** Where the gain is one half: the middle between the edges of the pass band and the stop band. */
  readonly cutoffHz: number;
  /** How far down the stop band shall be, above 50 dB. The more, the wider the transition between the two bands. */
  readonly stopbandDb: number;
}

/**
 * Linear-phase low-pass after J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function"
 * (1974): an ideal low-pass cut off by a window whose `beta` follows from the stop band wanted.
 */
export function kaiserLowpass({ taps, rateHz, cutoffHz, stopbandDb }: LowpassDesign): Float64Array {
  const beta = 0.1102 * (stopbandDb - 8.7);
  const middle = (taps - 1) / 2;
  const turnsPerTap = (2 * cutoffHz) / rateHz;
  return Float64Array.from({ length: taps }, (_, i) => {
    const offset = i - middle;
    const window = besselI0(beta * Math.sqrt(1 - (offset / middle) ** 2)) / besselI0(beta);
    return turnsPerTap * sinc(turnsPerTap * offset) * window;
  });
}

/** One of the filters into which interpolation splits a low-pass: what makes every n-th of the samples that come out. */
export interface Phase {
  /** In the order of the samples that they are laid along, oldest first; a multiple of four, for `convolve`. */
  readonly taps: Float32Array;
  /** How many of the newest samples it does not look at. */
  readonly skipsNewest: number;
}

/**
 * Splits a filter into `count` phases: phase p has the taps p, p + count, … . Each is scaled to a gain of exactly one for
 * a constant, which therefore leaves no image. Zeros at its ends are left out: in a half-band filter, all but one tap.
 */
export function polyphase(taps: Float64Array, count: number): Phase[] {
  return Array.from({ length: count }, (_, phase) => {
    const own = taps.filter((_, i) => i % count === phase);
    const sum = own.reduce((total, tap) => total + tap, 0);
    const first = own.findIndex(matters);
    const used = own.subarray(first, own.findLastIndex(matters) + 1);
    const oldestFirst = used.map((tap) => tap / sum).reverse();
    const padded = new Float32Array(4 * Math.ceil(used.length / 4));
    padded.set(oldestFirst, padded.length - used.length);
    return { taps: padded, skipsNewest: first };
  });
}

/** Far below what 16 bits can show; the sine of a multiple of π is no exact zero in doubles. */
function matters(tap: number): boolean {
  return Math.abs(tap) > 1e-12;
}

/**
 * The sum over `taps`, a multiple of four, laid along `line` so that the last is at `newest`, in single precision: a rounding
 * error is a hundredth of a 16-bit step. Four sums side by side, because each addition has to wait for the one before.
 */
export function convolve(taps: Float32Array, line: Int16Array, newest: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0, at = newest + 1 - taps.length; i < taps.length; i += 4, at += 4) {
    a = fround(a + fround(taps[i]! * line[at]!));
    b = fround(b + fround(taps[i + 1]! * line[at + 1]!));
    c = fround(c + fround(taps[i + 2]! * line[at + 2]!));
    d = fround(d + fround(taps[i + 3]! * line[at + 3]!));
  }
  return fround(fround(a + b) + fround(c + d));
}

function sinc(turns: number): number {
  return turns === 0 ? 1 : Math.sin(Math.PI * turns) / (Math.PI * turns);
}

/** The modified Bessel function of order zero by its power series, Σ ((x/2)^k / k!)², to the last bit of a double. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * Number.EPSILON; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
