import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSpeechGate, g711, type Pcm, pcm, readWav, tone } from '../../../src/audio/index.ts';
import { cut, cuts, noise } from './sound.ts';

type Edge = readonly ['started' | 'ended', atMs: number];

/** The edges as frames of 20 ms go by, with the end of the frame that told. */
function edgesOf<RateHz extends number>(sound: Int16Array, rateHz: RateHz, hangoverMs?: number): Edge[] {
  const gate = createSpeechGate(rateHz, hangoverMs === undefined ? {} : { hangoverMs });
  const edges: Edge[] = [];
  let atMs = 0;
  for (const frame of cut(sound, [rateHz / 50])) {
    atMs += 20;
    const edge = gate.push(frame as Pcm<RateHz>);
    if (edge !== undefined) edges.push([edge, atMs]);
  }
  return edges;
}

function speech<RateHz extends number>(name: string, rateHz: RateHz): Pcm<RateHz> {
  return pcm(readWav(readFileSync(new URL(`../../../fixtures/audio/${name}`, import.meta.url))).samples, rateHz);
}

/** Milliseconds of nothing, then of a tone, and so on. */
function bursts(...lengthsMs: readonly number[]): Pcm<8000> {
  const parts = lengthsMs.map((lengthMs, i) => tone({ hz: 700, lengthMs, dbov: i % 2 === 0 ? -127 : -20 }, 8000));
  return pcm(Int16Array.from(parts.flatMap((part) => [...part])), 8000);
}

describe.each([
  ['jfk-8k.wav', 8000],
  ['jfk-16k.wav', 16000],
] as const)('real speech with hiss, %s', (name, rateHz) => {
  // "And so, my fellow Americans" · "ask" · "not" · "what your country can do for you" · "ask what you can do for your
  // country": from the first to the last 20 ms in which each stands out of the hiss and the hall, in milliseconds.
  const PHRASES = [
    [320, 2_140],
    [3_260, 3_700],
    [4_000, 4_340],
    [5_360, 7_520],
    [8_160, 10_200],
  ] as const;
  /** Applause sets in after this, and is loud. */
  const APPLAUSE_MS = 10_600;

  test('is found phrase by phrase', () => {
    const edges = edgesOf(speech(name, rateHz).subarray(0, (rateHz * APPLAUSE_MS) / 1_000), rateHz);
    const starts = edges.filter(([edge]) => edge === 'started').map(([, atMs]) => atMs);
    const ends = edges.filter(([edge]) => edge === 'ended').map(([, atMs]) => atMs - 200);
    expect(starts).toHaveLength(PHRASES.length);
    for (const [i, [fromMs, toMs]] of PHRASES.entries()) {
      expect(starts[i]! - fromMs, `start of phrase ${i + 1}`).toBeGreaterThanOrEqual(60);
      expect(starts[i]! - fromMs, `start of phrase ${i + 1}`).toBeLessThanOrEqual(140);
      expect(Math.abs(ends[i]! - toMs), `end of phrase ${i + 1}`).toBeLessThanOrEqual(100);
    }
  });
});

describe('what is no speech', () => {
  test('digital silence of either law, at once and after speech', () => {
    const alaw = g711('alaw');
    expect(edgesOf(new Int16Array(80_000), 8000)).toEqual([]);
    expect(edgesOf(alaw.decode(new Uint8Array(80_000).fill(alaw.silence)), 8000)).toEqual([]);
  });

  test.each([-75, -60, -50, -40, -36])('steady noise of %i dBov from the start', (dbov) => {
    expect(edgesOf(noise(dbov, 10_000, 8000), 8000)).toEqual([]);
  });

  test('steady noise that begins loud is taken for speech only for a few seconds', () => {
    const edges = edgesOf(noise(-28, 10_000, 8000), 8000);
    expect(edges.map(([edge]) => edge)).toEqual(['started', 'ended']);
    expect(edges[1]![1]).toBeLessThan(5_000);
  });

  test.each(['ulaw', 'alaw'] as const)('hiss that sets in after the digital silence of %s', (law) => {
    const { decode, silence } = g711(law);
    const sound = [...decode(new Uint8Array(16_000).fill(silence)), ...noise(-42, 3_000, 8000)];
    expect(edgesOf(Int16Array.from(sound), 8000)).toEqual([]);
  });

  test('what is below −50 dBov, however quiet the line was before', () => {
    expect(edgesOf(Int16Array.from([...noise(-66, 5_000, 8000), ...noise(-52, 1_000, 8000)]), 8000)).toEqual([]);
  });

  test('a click', () => {
    expect(edgesOf(bursts(500, 40, 500, 60, 500), 8000)).toEqual([]);
  });
});

describe('a burst of tone', () => {
  test('starts speech after 80 ms and ends it 200 ms after its end', () => {
    expect(edgesOf(bursts(500, 400, 500), 8000)).toEqual([
      ['started', 580],
      ['ended', 1_100],
    ]);
  });

  test('starts speech although it stutters, 20 ms later for every 20 ms that fail', () => {
    expect(edgesOf(bursts(500, 60, 20, 200), 8000)).toEqual([['started', 620]]);
  });

  test('ends speech as late as the hangover says', () => {
    expect(edgesOf(bursts(500, 400, 1_000), 8000, 600).at(-1)).toEqual(['ended', 1_500]);
  });

  test('is one with the next when the gap is shorter than the hangover', () => {
    expect(edgesOf(bursts(500, 400, 180, 400, 500), 8000)).toHaveLength(2);
    expect(edgesOf(bursts(500, 400, 220, 400, 500), 8000)).toHaveLength(4);
  });
});

test('the gate tells how long voice has been silent', () => {
  const gate = createSpeechGate(8000);
  expect(gate.quietMs).toBe(Number.POSITIVE_INFINITY);
  gate.push(bursts(500, 400));
  expect([gate.speaking, gate.loud, gate.quietMs]).toEqual([true, true, 0]);
  gate.push(bursts(100));
  expect([gate.speaking, gate.loud, gate.quietMs]).toEqual([true, false, 100]);
  gate.push(bursts(900));
  expect([gate.speaking, gate.loud, gate.quietMs]).toEqual([false, false, 1_000]);
});

test('a gate that was reset is as new', () => {
  const gate = createSpeechGate(8000);
  gate.push(bursts(500, 400));
  gate.push(bursts(0, 15));
  gate.reset();
  expect([gate.speaking, gate.loud, gate.quietMs]).toEqual([false, false, Number.POSITIVE_INFINITY]);
  expect(gate.push(bursts(0, 70))).toBeUndefined();
  expect(gate.push(bursts(0, 10))).toBe('started');
});

test('the gate ends in the same state, however sound was cut', () => {
  const sound = speech('jfk-8k.wav', 8000).subarray(0, 8_000 * 3);
  fc.assert(
    fc.property(cuts, fc.integer({ min: 0, max: sound.length }), (lengths, length) => {
      const whole = createSpeechGate(8000);
      const parts = createSpeechGate(8000);
      whole.push(pcm(sound.subarray(0, length), 8000));
      for (const chunk of cut(sound.slice(0, length), lengths)) parts.push(pcm(chunk, 8000));
      expect([parts.speaking, parts.loud, parts.quietMs]).toEqual([whole.speaking, whole.loud, whole.quietMs]);
    }),
    { numRuns: 30 },
  );
});
