/** The measures of a system of which one figure or more has a target. Each has its method in docs/audio-quality.md. */
import { bytesOfPcm, g711, pcm, rmsDbov } from '../../src/audio/index.ts';
import { fitTone, loudest, peaksOf, snrDb } from './analysis.ts';
import { binOf, fullScaleNoise, hzOf, peakOfDbm0, periodAt, repeatable, sine, square, sweep } from './signals.ts';
import type { Filter, SoundSystem, Way } from './systems.ts';

export const TONES_HZ = [300, 1_020, 2_000, 3_000, 3_400];
export const LEVELS_DBM0 = [-40, -30, -20, -10, -3, 0];

/** A provider's frame of 20 ms, and the shortest chunk of 24 kHz that the Live API was seen to send, 40 ms. */
const FRAME_BYTES = 160;
const MODEL_CHUNK_BYTES = 1_920;
/** Loud, and with room for a filter's overshoot. */
const LOUD_PEAK = 29_000;
/** Rounding to 16 bits gives silence of any tone with a lower peak than half a step: nothing is told of what is further down. */
export const ROUNDING_DB = decibels(0.5 / LOUD_PEAK);
/** Narrower than the lobes of a stop band of some hundred taps at 24 kHz. */
const STEP_HZ = 45;
const BAND = sweep(300, 3_400, STEP_HZ);
const STOP_BAND = sweep(4_600, 11_900, STEP_HZ);
/** How far a sample must be from what it should be to have wrapped round: no filter's or codec's error comes near. */
const WRAP = 32_768;

export interface SnrPoint {
  readonly hz: number;
  readonly dbm0: number;
  readonly db: number;
}

export interface FilterMeasures {
  /** The furthest that the gain is from 1 between 300 and 3400 Hz. */
  readonly rippleDb: number;
  /** Upwards images, downwards aliases: the loudest component, against the tone that it comes from. */
  readonly spuriousDb: number;
  /** The longest between 300 and 3400 Hz. */
  readonly delayMs: number;
  /** The worst of the five tones at −10 dBm0, with 16-bit samples and no codec. */
  readonly snrDb: number;
}

export interface Measures {
  readonly name: string;
  readonly toModel: readonly SnrPoint[];
  readonly toPhone: readonly SnrPoint[];
  readonly filters: { readonly up: FilterMeasures; readonly down: FilterMeasures } | undefined;
  /** What comes out while silence goes in, after a loud tone; the louder of both ways. −127: digital silence. */
  readonly silenceDbov: number;
  /** Samples in which an odd cut of the sound makes a difference, both ways, with the codec and before it. */
  readonly cutDifferences: number;
  /** Samples with the wrong sign at full scale, both ways. */
  readonly wrapped: number;
}

export function measure(system: SoundSystem): Measures {
  const { name, filters } = system;
  return {
    name,
    toModel: snrPoints((bin, peak) => heardByModel(system, sine(bin, peak, 8_000, 2))),
    toPhone: snrPoints((bin, peak) => heardByPhone(system, sine(bin, peak, system.toPhone.rateHz, 2))),
    filters: filters && {
      up: measureFilter(filters.up, 8_000, 16_000),
      down: measureFilter(filters.down, 24_000, 8_000),
    },
    silenceDbov: silenceDbov(system),
    cutDifferences: allCutDifferences(system),
    wrapped: wrappedSamples(system),
  };
}

export function measureFilter(start: () => Filter, inHz: number, outHz: number): FilterMeasures {
  const after = (bin: number, peak: number): Int16Array =>
    lastPeriod(drive(start(), sine(bin, peak, inHz, 2), inHz / 50), outHz);
  const fits = BAND.map((bin) => fitTone(after(bin, LOUD_PEAK), bin));
  const spurious =
    outHz > inHz
      ? BAND.map((bin) => loudest(peaksOf(after(bin, LOUD_PEAK)), periodAt(inHz) / 2 + 1, periodAt(outHz) / 2))
      : STOP_BAND.map((bin) => loudest(peaksOf(after(bin, LOUD_PEAK)), 0, periodAt(outHz) / 2));
  return {
    rippleDb: Math.max(...fits.map(({ peak }) => Math.abs(decibels(peak / LOUD_PEAK)))),
    spuriousDb: Math.max(ROUNDING_DB, decibels(Math.max(...spurious) / LOUD_PEAK)),
    delayMs: Math.max(...fits.slice(1).map(({ lag }, i) => delayMs(lag - fits[i]!.lag, BAND[i + 1]! - BAND[i]!))),
    snrDb: Math.min(...TONES_HZ.map((hz) => snrDb(fitTone(after(binOf(hz), peakOfDbm0(-10)), binOf(hz))))),
  };
}

/** Group delay: by how much the lag grows from one tone to the next. */
function delayMs(lagRadians: number, bins: number): number {
  const turns = lagRadians / (2 * Math.PI);
  const least = LEAST_DELAY_S * hzOf(bins);
  return ((turns - Math.floor(turns - least)) * 1_000) / hzOf(bins);
}

/** Which turn it is, the lag does not say. Below nothing, so that a delay of nothing, less what rounding does, is no whole turn. */
const LEAST_DELAY_S = -0.000_5;

function snrPoints(heard: (bin: number, peak: number) => Int16Array): SnrPoint[] {
  return TONES_HZ.flatMap((hz) =>
    LEVELS_DBM0.map((dbm0) => ({
      hz,
      dbm0,
      db: snrDb(fitTone(heard(binOf(hz), peakOfDbm0(dbm0)), binOf(hz))),
    })),
  );
}

/** What the model has of what the phone encodes, in the last period of it. */
function heardByModel({ toModel }: SoundSystem, samples: Int16Array): Int16Array {
  return lastPeriod(drive(toModel.start(), MU_LAW.encode(pcm(samples, 8_000)), FRAME_BYTES), toModel.rateHz);
}

/** What the phone decodes of what the model says. */
function heardByPhone({ toPhone }: SoundSystem, samples: Int16Array): Int16Array {
  const codes = drive(toPhone.start(), bytesOfPcm(samples), MODEL_CHUNK_BYTES);
  return lastPeriod(MU_LAW.decode(Uint8Array.from(codes)), 8_000);
}

const MU_LAW = g711('ulaw');

function silenceDbov(system: SoundSystem): number {
  const before = (rateHz: number): Int16Array => sine(binOf(1_020), LOUD_PEAK, rateHz);
  const withSilence = (sound: Int16Array): Int16Array =>
    Int16Array.from({ length: 2 * sound.length }, (_, i) => sound[i] ?? 0);
  // The filters have run out long before the second half of a period.
  const settled = (sound: Int16Array): Int16Array => sound.subarray(sound.length / 2);
  return Math.max(
    rmsDbov(settled(heardByModel(system, withSilence(before(8_000))))),
    rmsDbov(settled(heardByPhone(system, withSilence(before(system.toPhone.rateHz))))),
  );
}

function allCutDifferences({ toModel, toPhone, filters }: SoundSystem): number {
  const phoneSound = fullScaleNoise(periodAt(8_000));
  const modelSound = fullScaleNoise(periodAt(24_000));
  return (
    cutDifferences(toModel.start, MU_LAW.encode(pcm(phoneSound, 8_000))) +
    cutDifferences(toPhone.start, bytesOfPcm(modelSound)) +
    (filters === undefined ? 0 : cutDifferences(filters.up, phoneSound) + cutDifferences(filters.down, modelSound))
  );
}

/** In how many places odd cuts give anything else than the whole at once. */
export function cutDifferences<In extends Int16Array | Uint8Array, Out extends Int16Array | Uint8Array>(
  start: () => Way<In, Out>,
  input: In,
): number {
  const next = repeatable(7);
  const random = Array.from({ length: 64 }, () => 1 + Math.floor(499 * next()));
  const whole = drive(start(), input, input.length);
  return [[1], [2, 3, 5, 7, 11, 13], [101, 331, 997], random, [FRAME_BYTES], [MODEL_CHUNK_BYTES]]
    .map((lengths) => differences(whole, drive(start(), input, ...lengths)))
    .reduce((sum, count) => sum + count, 0);
}

function differences(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let count = Math.abs(one.length - other.length);
  for (let i = 0; i < Math.min(one.length, other.length); i++) if (one[i] !== other[i]) count++;
  return count;
}

/** Full-scale sound both ways, laid beside eight times what the same sound gives at an eighth of the level. */
function wrappedSamples(system: SoundSystem): number {
  const down = system.toPhone.rateHz;
  const shapes = [
    (peak: number, rateHz: number) => twice(square(binOf(300), peak, rateHz)),
    (peak: number, rateHz: number) => sine(binOf(1_020), peak, rateHz, 2),
  ];
  return shapes
    .map(
      (shape) =>
        wrapped(heardByModel(system, shape(32_767, 8_000)), heardByModel(system, shape(4_096, 8_000))) +
        wrapped(heardByPhone(system, shape(32_767, down)), heardByPhone(system, shape(4_096, down))),
    )
    .reduce((sum, count) => sum + count, 0);
}

export function wrapped(loud: Int16Array, eighth: Int16Array): number {
  return loud.filter((sample, i) => Math.abs(sample - 8 * eighth[i]!) > WRAP).length;
}

function twice(period: Int16Array): Int16Array {
  const both = new Int16Array(2 * period.length);
  both.set(period);
  both.set(period, period.length);
  return both;
}

/** Chunk by chunk, of these lengths over and over, each in memory of its own. */
export function drive<In extends Int16Array | Uint8Array, Out extends Int16Array | Uint8Array>(
  way: Way<In, Out>,
  input: In,
  ...lengths: readonly number[]
): Int16Array {
  const pieces: Out[] = [];
  for (let at = 0, i = 0; at < input.length; i++) {
    const length = lengths[i % lengths.length]!;
    pieces.push(way(input.slice(at, at + length) as In));
    at += length;
  }
  const output = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    output.set(piece, at);
    at += piece.length;
  }
  return output;
}

/** Of two: in the first one the filter settles. Throws when sound was lost. */
function lastPeriod(samples: Int16Array, rateHz: number): Int16Array {
  const period = periodAt(rateHz);
  if (samples.length < 2 * period) throw new Error(`${samples.length} samples came out of ${2 * period}`);
  return samples.subarray(period, 2 * period);
}

function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}
