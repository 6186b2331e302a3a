/** Loudness in dBov: decibels against the overload point of the scale, ITU-T G.100.1. */

/** A square wave at full scale has 0 dBov, so a sine at full scale has −3.01. */
const FULL_SCALE = 32_768;
/** What digital silence is said to have, so that no level is −Infinity: the lowest that RFC 6464 can say. */
export const SILENCE_DBOV = -127;

/** The level of a mean square of samples. */
export function dbovOfPower(meanSquare: number): number {
  return Math.max(SILENCE_DBOV, 10 * Math.log10(meanSquare / FULL_SCALE ** 2));
}

/** The peak of a sine of this level, in samples' units, scale permitting. */
export function sinePeakOfDbov(dbov: number): number {
  return FULL_SCALE * Math.SQRT2 * 10 ** (dbov / 20);
}

/** The sum of the squares; exact below 2^53, which is two million samples at full scale. */
export function energyOf(samples: Int16Array): number {
  let energy = 0;
  for (let i = 0; i < samples.length; i++) energy += samples[i]! * samples[i]!;
  return energy;
}

/** The mean square. */
export function powerOf(samples: Int16Array): number {
  return samples.length === 0 ? 0 : energyOf(samples) / samples.length;
}

export function rmsDbov(samples: Int16Array): number {
  return dbovOfPower(powerOf(samples));
}
