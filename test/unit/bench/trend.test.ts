import { expect, test } from 'vitest';
import { mulberry32 } from '../../../bench/position.ts';
import { grows, trendOf } from '../../../bench/trend.ts';

/** Half an hour, every five seconds: a level, a sawtooth of garbage, and what leaks. */
function watched(leakPerHour: number): { atMs: number; value: number }[] {
  const random = mulberry32(7);
  return Array.from({ length: 360 }, (_, i) => ({
    atMs: i * 5_000,
    value: 100 + 30 * ((i % 7) / 7) + 4 * random() + (leakPerHour * i * 5_000) / 3_600_000,
  }));
}

test('what only goes up and down does not grow', () => {
  const trend = trendOf(watched(0))!;
  expect(Math.abs(trend.gained)).toBeLessThan(3);
  expect(grows(trend, 0.1)).toBe(false);
});

test('what leaks grows, by as much as it leaks', () => {
  const trend = trendOf(watched(60))!;
  expect(trend.perHour).toBeGreaterThan(52);
  expect(trend.perHour).toBeLessThan(68);
  expect(grows(trend, 0.1)).toBe(true);
  expect(grows(trend, 0.5)).toBe(false);
});

test('a few samples are no trend', () => {
  expect(trendOf(watched(60).slice(0, 3))).toBeUndefined();
});
