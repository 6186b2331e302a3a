/** Tones made and tones measured: what a test or a simulated party plays, and how it tells who is to be heard. */
import { dbovOfPower, SILENCE_DBOV, sinePeakOfDbov } from './dbov.ts';
import { type Pcm, pcm } from './pcm.ts';

export interface Tone {
  readonly hz: number;
  readonly lengthMs: number;
  /** −3.01 is a sine at full scale; a louder one is clipped. */
  readonly dbov: number;
}

/** A sine that starts at zero. */
export function tone<RateHz extends number>({ hz, lengthMs, dbov }: Tone, rateHz: RateHz): Pcm<RateHz> {
  const peak = sinePeakOfDbov(dbov);
  const samples = new Int16Array(Math.round((lengthMs * rateHz) / 1_000));
  for (let i = 0; i < samples.length; i++) {
    const value = Math.round(peak * Math.sin((2 * Math.PI * hz * i) / rateHz));
    samples[i] = Math.max(-32_768, Math.min(32_767, value));
  }
  return pcm(samples, rateHz);
}

/**
 * How loud the sine of `hz` is in the samples. They are seen through a Hann window, so that other sounds do not leak in:
 * one that is d Hz away over t seconds is down by 100 dB when d × t is above 50. A tenth of a second tells parties apart.
 */
export function toneLevelDbov(samples: Int16Array, rateHz: number, hz: number): number {
  if (samples.length < 2) return SILENCE_DBOV;
  let inPhase = 0;
  let quadrature = 0;
  let weight = 0;
  for (let i = 0; i < samples.length; i++) {
    const window = 1 - Math.cos((2 * Math.PI * i) / samples.length);
    const angle = (2 * Math.PI * hz * i) / rateHz;
    inPhase += window * samples[i]! * Math.cos(angle);
    quadrature += window * samples[i]! * Math.sin(angle);
    weight += window;
  }
  // Half of a sine's peak stands at its frequency, the other half at the negative one; its power is half of its peak's.
  return dbovOfPower((2 * (inPhase ** 2 + quadrature ** 2)) / weight ** 2);
}
