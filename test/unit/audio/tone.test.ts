import { describe, expect, test } from 'vitest';
import { pcm, rmsDbov, SILENCE_DBOV, tone, toneLevelDbov } from '../../../src/audio/index.ts';

test('a tone has the length, the level and the pitch that were asked for', () => {
  const sound = tone({ hz: 1020, lengthMs: 250, dbov: -20 }, 8000);
  expect(sound).toHaveLength(2_000);
  expect(rmsDbov(sound)).toBeCloseTo(-20, 2);
  expect(toneLevelDbov(sound, 8_000, 1_020)).toBeCloseTo(-20, 2);
});

test('a tone above full scale is clipped, not wrapped round', () => {
  const sound = tone({ hz: 100, lengthMs: 10, dbov: 3 }, 8000);
  expect(Math.max(...sound)).toBe(32_767);
  expect(sound.subarray(1, 40).every((sample) => sample > 0)).toBe(true);
});

test('a full-scale sine has −3.01 dBov, a full-scale square wave none, silence the least', () => {
  expect(rmsDbov(tone({ hz: 1000, lengthMs: 100, dbov: -3.0103 }, 16000))).toBeCloseTo(-3.01, 2);
  expect(rmsDbov(new Int16Array(100).fill(-32_768))).toBe(0);
  expect(rmsDbov(new Int16Array(100))).toBe(SILENCE_DBOV);
  expect(rmsDbov(new Int16Array(0))).toBe(SILENCE_DBOV);
});

describe('the level of a tone', () => {
  const quiet = tone({ hz: 880, lengthMs: 100, dbov: -60 }, 8000);
  const loud = tone({ hz: 440, lengthMs: 100, dbov: -10 }, 8000);
  const both = pcm(
    loud.map((sample, i) => sample + quiet[i]!),
    8000,
  );

  test('is that of the one asked for, beside a louder one', () => {
    expect(toneLevelDbov(both, 8_000, 440)).toBeCloseTo(-10, 1);
    expect(toneLevelDbov(both, 8_000, 880)).toBeCloseTo(-60, 0);
  });

  test('is very low where no tone is', () => {
    expect(toneLevelDbov(loud, 8_000, 880)).toBeLessThan(-90);
    expect(toneLevelDbov(new Int16Array(800), 8_000, 440)).toBe(SILENCE_DBOV);
    expect(toneLevelDbov(new Int16Array(0), 8_000, 440)).toBe(SILENCE_DBOV);
  });
});
