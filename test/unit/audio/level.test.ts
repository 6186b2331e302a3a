import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLevelMeter, createSpeechGate, pcm, readWav, SILENCE_DBOV, tone } from '../../../src/audio/index.ts';
import { cut, cuts, noise } from './sound.ts';

test('each chunk tells what it changed for the gate, once, which may be one that others read', () => {
  const gate = createSpeechGate(8000);
  const meter = createLevelMeter(8000, gate);
  const speech = tone({ hz: 600, lengthMs: 20, dbov: -20 }, 8000);
  const edges = Array.from({ length: 5 }, () => meter.push(speech));
  expect(edges).toEqual([undefined, undefined, undefined, 'started', undefined]);
  expect(gate.speaking).toBe(true);
  const silence = pcm(new Int16Array(160), 8000);
  expect(Array.from({ length: 12 }, () => meter.push(silence)).filter(Boolean)).toEqual(['ended']);
});

test('speech and the line’s noise are measured apart', () => {
  const meter = createLevelMeter(8000);
  for (let i = 0; i < 5; i++) {
    meter.push(noise(-55, 1_000, 8000));
    meter.push(tone({ hz: 600, lengthMs: 1_000, dbov: -20 }, 8000));
  }
  const { activeDbov, idleDbov, peakDbov, measuredMs, clippedSamples } = meter.summary();
  // The 200 ms that speech hangs over count as speech, as P.56 has it: 1000 of 1200 ms are −0.8 dB; the last has none.
  expect(activeDbov).toBeCloseTo(-20.6, 1);
  expect(idleDbov).toBeCloseTo(-55, 0);
  expect(peakDbov).toBeCloseTo(-17, 1);
  expect(measuredMs).toBe(10_000);
  expect(clippedSamples).toBe(0);
});

test('real speech is told from its hiss', () => {
  const { samples } = readWav(readFileSync(new URL('../../../fixtures/audio/jfk-8k.wav', import.meta.url)));
  const meter = createLevelMeter(8000);
  meter.push(pcm(samples, 8000));
  const { activeDbov, idleDbov } = meter.summary();
  expect(Math.abs(activeDbov - -15)).toBeLessThan(2);
  expect(Math.abs(idleDbov - -40)).toBeLessThan(3);
});

test('samples at either end of the scale count as clipped', () => {
  const meter = createLevelMeter(8000);
  meter.push(pcm(Int16Array.of(32_767, -32_768, 32_766, -32_767, 0), 8000));
  expect(meter.summary()).toMatchObject({ clippedSamples: 2, peakDbov: 0 });
});

test('a meter that heard nothing says so without infinities', () => {
  expect(createLevelMeter(16000).summary()).toEqual({
    peakDbov: SILENCE_DBOV,
    activeDbov: SILENCE_DBOV,
    idleDbov: SILENCE_DBOV,
    clippedSamples: 0,
    measuredMs: 0,
  });
});

test('the summary does not depend on how sound was cut', () => {
  const sound = Int16Array.from([
    ...noise(-50, 500, 8000),
    ...tone({ hz: 500, lengthMs: 300, dbov: -15 }, 8000),
    ...noise(-50, 410, 8000),
  ]);
  const whole = createLevelMeter(8000);
  whole.push(pcm(sound, 8000));
  fc.assert(
    fc.property(cuts, (lengths) => {
      const parts = createLevelMeter(8000);
      for (const chunk of cut(sound, lengths)) parts.push(pcm(chunk, 8000));
      expect(parts.summary()).toEqual(whole.summary());
    }),
    { numRuns: 30 },
  );
});
