import { expect, test } from 'vitest';
import { median, medianRatio, percentile } from '../../../bench/load/statistics.ts';

const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

test('a percentile is the value below or at which so many lie', () => {
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeUndefined();
});

test('the median of an even number lies between the two in the middle, and what is missing does not count', () => {
  expect(median([9, 1, 2])).toBe(2);
  expect(median([4, undefined, 1, 2, 9])).toBe(3);
  expect(median([undefined])).toBeUndefined();
});

test('ratios are taken within a round, so that a slow machine in one round does not count', () => {
  const rounds = [
    { of: 3, to: 2 },
    { of: 30, to: 20 },
    { of: 4, to: 2 },
  ];
  expect(medianRatio(rounds)).toBe(1.5);
  expect(medianRatio([{ of: 3, to: undefined }])).toBeUndefined();
});
