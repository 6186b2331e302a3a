/** What speech is told from: a voice without amplitude, a tone, a hiss; and that no real speech is taken for one of them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  createLiveliness,
  downsampler24to8,
  type Likeness,
  type Pcm,
  pcm,
  readWav,
  tone,
} from '../../../src/audio/index.ts';
import { noise } from './sound.ts';

/** The chunks of the Live service, 40 to 680 ms long. */
const CHUNKS_MS = [120, 240, 400, 160, 680, 40, 320];

function likenessesOf(samples: Int16Array): Likeness[] {
  const liveliness = createLiveliness(8000);
  const found: Likeness[] = [];
  for (let at = 0, i = 0; at < samples.length; i++) {
    const end = at + CHUNKS_MS[i % CHUNKS_MS.length]! * 8;
    found.push(liveliness.push(samples.subarray(at, end) as Pcm<8000>));
    at = end;
  }
  return found;
}

function recording(name: string): Int16Array {
  const { rateHz, samples } = readWav(readFileSync(new URL(`../../../fixtures/audio/${name}.wav`, import.meta.url)));
  return rateHz === 24_000 ? downsampler24to8().push(pcm(samples, 24_000)) : samples;
}

const scaled = (samples: Int16Array, byDb: number): Int16Array => samples.map((value) => value * 10 ** (byDb / 20));

describe.each(['agent-customer', 'agent-go-ahead', 'agent-greeting', 'agent-kennedy', 'agent-opening-hours', 'jfk-8k'])(
  'the speech of %s',
  (name) => {
    test.each([0, -20])('at %i dB is heard as speech, and never as a tone or as long silence', (byDb) => {
      const found = likenessesOf(scaled(recording(name), byDb));
      expect(found.filter(({ kind }) => kind === 'speech').length).toBeGreaterThan(found.length / 2);
      expect(found.filter(({ kind }) => kind === 'tone')).toEqual([]);
      expect(Math.max(0, ...found.map(({ kind, lastedMs }) => (kind === 'silence' ? lastedMs : 0)))).toBeLessThan(
        1_500,
      );
    });
  },
);

test('speech of nearly no amplitude is silence, for as long as it lasts', () => {
  const found = likenessesOf(recording('agent-kennedy').map(Math.sign));
  expect(found.every(({ kind }) => kind === 'silence')).toBe(true);
  expect(found.at(-1)!.lastedMs).toBeGreaterThan(5_000);
});

test.each([
  ['a tone', tone({ hz: 440, lengthMs: 5_000, dbov: -20 }, 8000)],
  ['a deep hum', tone({ hz: 50, lengthMs: 5_000, dbov: -30 }, 8000)],
  ['a hiss', noise(-35, 5_000, 8000)],
])('%s is never taken for speech, and known for what it is within two seconds', (_what, samples) => {
  const found = likenessesOf(samples);
  expect(found.map(({ kind }) => kind)).not.toContain('speech');
  expect(found.at(-1)).toMatchObject({ kind: 'tone' });
  expect(found.at(-1)!.lastedMs).toBeGreaterThan(3_000);
});

test('a tone that begins after silence is no speech', () => {
  const samples = new Int16Array(8_000 * 4);
  samples.set(tone({ hz: 880, lengthMs: 3_000, dbov: -20 }, 8000), 8_000);
  expect(likenessesOf(samples).map(({ kind }) => kind)).not.toContain('speech');
});

test('nothing is remembered after a reset', () => {
  const liveliness = createLiveliness(8000);
  liveliness.push(tone({ hz: 440, lengthMs: 4_000, dbov: -20 }, 8000));
  liveliness.reset();
  expect(liveliness.push(tone({ hz: 440, lengthMs: 100, dbov: -20 }, 8000)).kind).toBe('unclear');
});
