import { describe, expect, test } from 'vitest';
import { fitTone, loudest, peaksOf, snrDb } from '../../../bench/audio/analysis.ts';
import { cutDifferences, type Measures, measure, measureFilter, wrapped } from '../../../bench/audio/measures.ts';
import { shortcomings } from '../../../bench/audio/report.ts';
import { binOf, fullScaleNoise, hzOf, peakOfDbm0, periodAt, sine, sweep } from '../../../bench/audio/signals.ts';
import { callbridge, type Filter, ideal, kernelDifference, linear, withFilters } from '../../../bench/audio/systems.ts';
import { misses } from '../../../bench/audio/targets.ts';
import { g711 } from '../../../src/audio/index.ts';
import { type Kernel, typescriptKernel } from '../../../src/audio/kernel.ts';

const BIN = binOf(1_020);

describe('the analysis', () => {
  test('finds the signal to noise that a tone was mixed at, whatever its phase and the constant beside it', () => {
    const period = periodAt(8_000);
    const noise = fullScaleNoise(period).map((value) => Math.round(value / 100));
    const noisePower = noise.reduce((sum, value) => sum + value ** 2, 0) / period;
    const noisy = Int16Array.from(
      noise,
      (value, i) => 300 + value + Math.round(10_000 * Math.sin((2 * Math.PI * BIN * i) / period - 1)),
    );
    const fit = fitTone(noisy, BIN);
    expect(snrDb(fit)).toBeCloseTo(10 * Math.log10(10_000 ** 2 / 2 / noisePower), 1);
    expect(fit.lag).toBeCloseTo(1, 2);
  });

  test('finds each component’s peak in its bin', () => {
    const mixed = sine(BIN, 20_000, 8_000).map((value, i) => value + 40 * (i % 2 === 0 ? 1 : -1) + 7);
    const peaks = peaksOf(mixed);
    expect(peaks[0]).toBeCloseTo(7, 1);
    expect(peaks[BIN]).toBeCloseTo(20_000, 0);
    expect(peaks.at(-1)).toBeCloseTo(40, 1);
    expect(loudest(peaks, 0, BIN - 1)).toBe(peaks[0]);
  });

  test('refuses a length that it would transform wrongly', () => {
    expect(() => peaksOf(new Int16Array(24_576))).toThrow(/power of two/);
  });
});

describe('the tones', () => {
  test('have the level of ITU-T G.711’s digital milliwatt at 0 dBm0', () => {
    const codes = Uint8Array.of(0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e);
    const power =
      g711('ulaw')
        .decode(codes)
        .reduce((sum, sample) => sum + sample ** 2, 0) / codes.length;
    expect(10 * Math.log10(power / (peakOfDbm0(0) ** 2 / 2))).toBeCloseTo(0, 1);
  });

  test('are odd bins from one end of a band to the other', () => {
    const bins = sweep(300, 3_400, 45);
    expect(bins.every((bin) => bin % 2 === 1)).toBe(true);
    expect([bins[0], bins.at(-1)].map((bin) => Math.round(hzOf(bin!)))).toEqual([300, 3_399]);
    expect(Math.max(...bins.slice(1).map((bin, i) => hzOf(bin - bins[i]!)))).toBeLessThan(48);
  });
});

/** Every third sample, later by a whole number of them. */
const thirds =
  (gain: number, delay = 0): (() => Filter) =>
  () => {
    const history = new Int16Array(delay);
    let seen = 0;
    return (samples) => {
      const output: number[] = [];
      for (let i = 0; i < samples.length; i++, seen++) {
        if (seen % 3 !== 0) continue;
        const at = delay === 0 ? 0 : (seen / 3) % delay;
        output.push(delay === 0 ? Math.round(gain * samples[i]!) : history[at]!);
        history[at] = Math.round(gain * samples[i]!);
      }
      return Int16Array.from(output);
    };
  };

/** Every third sample of the mean of three, which lets least of those tones through that fold to the lowest frequencies. */
const meanOfThree = (): Filter => {
  const keep = thirds(1)();
  let [before, last] = [0, 0];
  return (samples) =>
    keep(
      samples.map((sample) => {
        const mean = Math.round((before + last + sample) / 3);
        [before, last] = [last, sample];
        return mean;
      }),
    );
};

/** Each sample, then nothing. */
const stuffed = (gain: number) => (): Filter => (samples) =>
  Int16Array.from({ length: 2 * samples.length }, (_, i) => (i % 2 === 0 ? Math.round(gain * samples[i / 2]!) : 0));

describe('a filter’s measures', () => {
  test('tell the level of an alias that is known', () => {
    expect(measureFilter(thirds(0.01), 24_000, 8_000).spuriousDb).toBeCloseTo(-40, 1);
  });

  test('tell the loudest alias, wherever it lands', () => {
    const loudestGain = (1 + 2 * Math.cos((2 * Math.PI * 4_600) / 24_000)) / 3;
    expect(measureFilter(meanOfThree, 24_000, 8_000).spuriousDb).toBeCloseTo(20 * Math.log10(loudestGain), 1);
  });

  test('tell the level of an image that is known: half of a stuffed tone stands at its mirror frequency', () => {
    const { spuriousDb, rippleDb } = measureFilter(stuffed(0.02), 8_000, 16_000);
    expect(spuriousDb).toBeCloseTo(-40, 1);
    expect(rippleDb).toBeCloseTo(40, 1);
  });

  test('tell a delay that is known, none included', () => {
    expect(measureFilter(thirds(1), 24_000, 8_000).delayMs).toBeCloseTo(0, 3);
    expect(measureFilter(thirds(1, 18), 24_000, 8_000).delayMs).toBeCloseTo(2.25, 3);
  });
});

const bar = measure(ideal);

describe('the targets', () => {
  test('are met by the product’s filters', () => {
    expect(misses(measure(callbridge(typescriptKernel)), bar)).toEqual([]);
  });

  test('are missed by linear interpolation where it is known to be bad', () => {
    expect(misses(measure(linear), bar)).toEqual([
      'up: SNR lost against G.711, worst',
      'up: images',
      'down: aliases',
      'up: ripple',
    ]);
  });

  test('are missed by filters that are late, start anew with each chunk, wrap round and hum', () => {
    const worst = withFilters('worst', {
      up: () => (samples) =>
        Int16Array.from({ length: 2 * samples.length }, (_, i) => (i < 2 ? 40 : samples[i >> 1]! * 1.2)),
      down: thirds(1.2, 18),
    });
    const missed = misses(measure(worst), bar);
    expect(missed).toContain('down: group delay');
    expect(missed).toContain('silence stays silence');
    expect(missed).toContain('differences by odd chunks');
    expect(missed).toContain('samples wrapped at full scale');
  });

  test('include that both kernels agree', () => {
    const off: Kernel = {
      run: (filter, state, input, output, count) => {
        typescriptKernel.run(filter, state, input, output, count);
        if (count > 0) output[0] = output[0]! ^ 1;
      },
    };
    const kernels = kernelDifference(off);
    expect(kernels.different).toBeGreaterThan(0);
    expect(shortcomings({ ideal: bar, systems: [bar], kernels, peerMissing: undefined })).toEqual([
      'both kernels give the same bits',
    ]);
  });
});

test('sound that is lost by the way is an error, not a figure', () => {
  const lossy = withFilters('lossy', {
    up: stuffed(1),
    down: () => (samples) => samples.subarray(0, samples.length / 4),
  });
  expect((): Measures => measure(lossy)).toThrow(/samples came out/);
});

test('a sample that wrapped is told from one that was held at the end of the scale', () => {
  expect(wrapped(Int16Array.of(32_767, -30_000, -32_768), Int16Array.of(4_500, 4_500, -4_500))).toBe(1);
});

test('a filter that begins anew with each chunk is found out', () => {
  const restarting = (): Filter => (samples) => linear.filters!.down()(samples);
  expect(cutDifferences(restarting, fullScaleNoise(3_000))).toBeGreaterThan(0);
  expect(cutDifferences(linear.filters!.down, fullScaleNoise(3_000))).toBe(0);
});
