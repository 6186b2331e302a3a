import { expect, test } from 'vitest';
import { Failure } from '../../../src/lib/index.ts';
import { RETRY } from '../../../src/postprocess/index.ts';
import { retryDelayMs } from '../../../src/postprocess/retry.ts';

const HOUR_MS = 3_600_000;
const temporary = new Failure('WEBHOOK_DELIVERY', 'away');
/** The middle of the jitter. */
const EVEN = 0.5;

function delays(fraction: number): number[] {
  const found: number[] = [];
  for (let failed = 1; ; failed++) {
    const delayMs = retryDelayMs(RETRY, temporary, failed, fraction);
    if (delayMs === undefined) return found;
    found.push(delayMs);
  }
}

test('begins with five seconds and doubles, up to an hour', () => {
  expect(delays(EVEN).slice(0, 4)).toEqual([5_000, 10_000, 20_000, 40_000]);
  expect(Math.max(...delays(EVEN))).toBe(HOUR_MS);
});

test('goes on for about 36 hours, and for more than a day at the least', () => {
  const totalMs = (fraction: number) => delays(fraction).reduce((sum, delayMs) => sum + delayMs, 0);
  expect(totalMs(EVEN) / HOUR_MS).toBeCloseTo(36.4, 1);
  expect(totalMs(0) / HOUR_MS).toBeGreaterThan(24);
  expect(delays(EVEN)).toHaveLength(RETRY.attempts - 1);
});

test('does not try again what cannot succeed', () => {
  expect(retryDelayMs(RETRY, new Failure('WEBHOOK_REFUSED', 'gone'), 1, EVEN)).toBeUndefined();
});
