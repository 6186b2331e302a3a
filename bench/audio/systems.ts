/** What is measured: the two ways that sound takes in a call, each of them with the codec and, as a filter, without. */
import { createPcmReader, downsampler24to8, g711, pcm, type Stage, upsampler8to16 } from '../../src/audio/index.ts';
import { type Kernel, typescriptKernel } from '../../src/audio/kernel.ts';
import { fullScaleNoise } from './signals.ts';

/** One call's way of sound: it remembers what came before, and what it gives is the receiver's to keep. */
export type Way<In, Out> = (chunk: In) => Out;
export type Filter = Way<Int16Array, Int16Array>;

export interface SoundSystem {
  readonly name: string;
  /** μ-law at 8 kHz to 16-bit samples at this rate. */
  readonly toModel: { readonly rateHz: number; readonly start: () => Way<Uint8Array, Int16Array> };
  /** 16-bit little-endian bytes at this rate to μ-law at 8 kHz. */
  readonly toPhone: { readonly rateHz: number; readonly start: () => Way<Uint8Array, Uint8Array> };
  /** 8 to 16 kHz and 24 to 8 kHz, as the ways above use them; undefined where nothing is resampled. */
  readonly filters: { readonly up: () => Filter; readonly down: () => Filter } | undefined;
}

const MU_LAW = g711('ulaw');

/** The codec alone: what no system can do better than. */
export const ideal: SoundSystem = {
  name: 'G.711 alone',
  toModel: { rateHz: 8_000, start: () => (codes) => MU_LAW.decode(codes) },
  toPhone: {
    rateHz: 8_000,
    start: () => {
      const reader = createPcmReader(8_000);
      return (bytes) => MU_LAW.encode(reader.push(bytes));
    },
  },
  filters: undefined,
};

/** The stages of `src/audio`, as `call/uplink`, `live/delivery` and `call/downlink` use them. */
export function callbridge(kernel: Kernel): SoundSystem {
  return withFilters('Callbridge', {
    up: () => filterOf(upsampler8to16(kernel), 8_000),
    down: () => filterOf(downsampler24to8(kernel), 24_000),
  });
}

/**
 * Straight lines between the samples on the way up, every third sample on the way down: where linear interpolation from 24 to 8 kHz
 * looks, a sample stands. It is written as well as it can be: chunks are joined, and odd bytes are kept.
 */
export const linear: SoundSystem = withFilters('linear', {
  up: () => {
    let last = 0;
    return (samples) => {
      const output = new Int16Array(2 * samples.length);
      for (let i = 0; i < samples.length; i++) {
        output[2 * i] = Math.round((last + samples[i]!) / 2);
        last = samples[i]!;
        output[2 * i + 1] = last;
      }
      return output;
    };
  },
  down: () => {
    let seen = 0;
    return (samples) => samples.filter(() => seen++ % 3 === 0);
  },
});

/** Filters between our codec and our reader of bytes. */
export function withFilters(name: string, filters: NonNullable<SoundSystem['filters']>): SoundSystem {
  return {
    name,
    toModel: {
      rateHz: 16_000,
      start: () => {
        const up = filters.up();
        return (codes) => up(MU_LAW.decode(codes));
      },
    },
    toPhone: {
      rateHz: 24_000,
      start: () => {
        const reader = createPcmReader(24_000);
        const down = filters.down();
        return (bytes) => MU_LAW.encode(pcm(down(reader.push(bytes)), 8_000));
      },
    },
    filters,
  };
}

/** In how many of the samples that full-scale noise gives, both ways, a kernel differs from the one in TypeScript. */
export function kernelDifference(kernel: Kernel): { readonly samples: number; readonly different: number } {
  const of = (own: Kernel): number[] => [
    ...upsampler8to16(own).push(pcm(fullScaleNoise(80_000), 8_000)),
    ...downsampler24to8(own).push(pcm(fullScaleNoise(240_000), 24_000)),
  ];
  const [ours, other] = [of(typescriptKernel), of(kernel)];
  return { samples: ours.length, different: ours.filter((sample, i) => sample !== other[i]).length };
}

function filterOf<In extends number, Out extends number>(stage: Stage<In, Out>, inHz: In): Filter {
  return (samples) => stage.push(pcm(samples, inHz)).slice();
}
