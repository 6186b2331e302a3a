import { describe, expect, test } from 'vitest';
import {
  downsampler24to8,
  rmsDbov,
  type Stage,
  tone,
  toneLevelDbov,
  upsampler8to16,
} from '../../../src/audio/index.ts';
import { noise, through } from './sound.ts';

/** Loud, yet far enough from full scale that no filter saturates. */
const DBOV = -6;
/** The telephone band, in steps that are no submultiple of 8 kHz. */
const BAND_HZ = Array.from({ length: 51 }, (_, i) => 300 + 62 * i);

/** How much louder `outHz` is after the stage than the tone of `inHz` was before it, once the filter has settled. */
function gainDb<In extends number, Out extends number>(
  stage: Stage<In, Out>,
  rates: { in: In; out: Out },
  inHz: number,
  outHz: number,
): number {
  const sound = tone({ hz: inHz, lengthMs: 250, dbov: DBOV }, rates.in);
  const settled = through(stage, sound, { flush: false }).subarray((rates.out * 50) / 1_000);
  return toneLevelDbov(settled, rates.out, outHz) - DBOV;
}

const up = { in: 8000, out: 16000 } as const;
const down = { in: 24000, out: 8000 } as const;

describe('8k→16k', () => {
  test('passes the telephone band within 0.05 dB', () => {
    const off = BAND_HZ.filter((hz) => Math.abs(gainDb(upsampler8to16(), up, hz, hz)) > 0.05);
    expect(BAND_HZ.at(-1)).toBe(3_400);
    expect(off).toEqual([]);
  });

  test('leaves images of the telephone band 80 dB down or more', () => {
    const loudestDb = Math.max(...BAND_HZ.map((hz) => gainDb(upsampler8to16(), up, hz, 8_000 - hz)));
    expect(loudestDb).toBeLessThanOrEqual(-80);
  });

  test('keeps the samples that went in, 35 samples later, between those that it makes', () => {
    const sound = noise(-12, 50, 8000);
    const output = through(upsampler8to16(), sound);
    const kept = sound.map((_, i) => output[2 * i + 35]!);
    expect(kept).toEqual(sound);
  });

  test('keeps a constant constant', () => {
    const output = through(upsampler8to16(), new Int16Array(400).fill(1_000), { flush: false });
    expect(output.subarray(72).every((sample) => sample === 1_000)).toBe(true);
  });
});

describe('24k→8k', () => {
  test('passes the telephone band within 0.05 dB', () => {
    const off = BAND_HZ.filter((hz) => Math.abs(gainDb(downsampler24to8(), down, hz, hz)) > 0.05);
    expect(off).toEqual([]);
  });

  test.each([5_000, 6_000, 7_000, 9_000, 11_000])('leaves no alias of %i Hz above −80 dB', (hz) => {
    const aliasHz = Math.abs(hz - 8_000 * Math.round(hz / 8_000));
    expect(gainDb(downsampler24to8(), down, hz, aliasHz)).toBeLessThanOrEqual(-80);
    const settled = through(downsampler24to8(), tone({ hz, lengthMs: 250, dbov: DBOV }, 24000)).subarray(400, 1_600);
    expect(rmsDbov(settled) - DBOV).toBeLessThanOrEqual(-80);
  });

  test('leaves nothing above the stop band’s edge at 4.6 kHz that is less than 80 dB down', () => {
    const edge = Array.from({ length: 15 }, (_, i) => 4_600 + 26 * i);
    const loudestDb = Math.max(...edge.map((hz) => gainDb(downsampler24to8(), down, hz, 8_000 - hz)));
    expect(loudestDb).toBeLessThanOrEqual(-80);
  });
});

test('the quietest sound keeps its level, for it is rounded to the nearest and not down', () => {
  const levelAfter = <In extends number, Out extends number>(stage: Stage<In, Out>, rates: { in: In; out: Out }) => {
    const faint = tone({ hz: 1_020, lengthMs: 250, dbov: -76 }, rates.in);
    return toneLevelDbov(through(stage, faint, { flush: false }).subarray(rates.out / 20), rates.out, 1_020);
  };
  expect(Math.abs(levelAfter(upsampler8to16(), up) - -76)).toBeLessThan(0.15);
  expect(Math.abs(levelAfter(downsampler24to8(), down) - -76)).toBeLessThan(0.15);
});

describe('the delay', () => {
  const CLICK_MS = 20;

  /** When the click comes out, by the count of samples since the start, and whether its echo is even on both sides. */
  function clickThrough<In extends number, Out extends number>(stage: Stage<In, Out>, rates: { in: In; out: Out }) {
    const click = new Int16Array((rates.in * 2 * CLICK_MS) / 1_000);
    click[(rates.in * CLICK_MS) / 1_000] = 32_000;
    const output = through(stage, click);
    const peakAt = output.indexOf(Math.max(...output));
    const even = Array.from({ length: 15 }, (_, i) => output[peakAt - i] === output[peakAt + i]).every(Boolean);
    return { delayMs: (peakAt * 1_000) / rates.out - CLICK_MS, even };
  }

  test('is less than 2.2 ms each way, and the same for every frequency', () => {
    expect(clickThrough(upsampler8to16(), up)).toEqual({ delayMs: 2.1875, even: true });
    expect(clickThrough(downsampler24to8(), down)).toEqual({ delayMs: 2.125, even: true });
  });

  test('hides nothing of the end: what goes in last comes out of the flush', () => {
    const clickAt = (at: number): Int16Array => new Int16Array(240).fill(32_000, at, at + 1);
    const upTail = through(upsampler8to16(), clickAt(239)).subarray(480);
    expect(Math.max(...upTail)).toBe(32_000);
    // Of three samples one is kept, here the last but two; a click is a third as high at a third of the rate.
    const downTail = through(downsampler24to8(), clickAt(237)).subarray(80);
    expect(downTail).toHaveLength(18);
    expect(downTail[16]).toBeGreaterThan(10_000);
  });
});
