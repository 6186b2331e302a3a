/** When a call is warned, and when it ends: counted from when it was answered, wherever that was. */
import { expect, test } from 'vitest';
import { CallLength } from '../../../src/call/call-length.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const MINUTE_MS = 60_000;

/** What happens to a call of ten minutes at most, by the minute of its answer here. */
async function lived(answeredBeforeMs?: number, maxMs = 10 * MINUTE_MS): Promise<string[]> {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const did: string[] = [];
  const note = (what: string): void => void did.push(`${what} after ${(clock.nowMs() - startMs) / MINUTE_MS}`);
  const answeredMs = answeredBeforeMs === undefined ? undefined : startMs - answeredBeforeMs;
  const length = new CallLength(clock, maxMs, () => note('over'), answeredMs);
  length.begin();
  // Another stream.
  length.begin();
  for (let passedMs = 0; passedMs < 2 * maxMs; passedMs += MINUTE_MS / 4) {
    if (length.warns()) note('warned');
    await clock.advance(MINUTE_MS / 4);
  }
  expect(clock.armed).toBe(0);
  return did;
}

test.each([
  ['answered here', undefined, ['warned after 9', 'over after 10']],
  ['answered seven minutes ago, in another process', 7 * MINUTE_MS, ['warned after 2', 'over after 3']],
  ['back from a transfer just before its end', 9.5 * MINUTE_MS, ['warned after 0', 'over after 1']],
  ['back long after it', 30 * MINUTE_MS, ['warned after 0', 'over after 1']],
  ['answered in the future, by another clock', -MINUTE_MS, ['warned after 9', 'over after 10']],
])('a call that is %s', async (_which, answeredBeforeMs, expected) => {
  expect(await lived(answeredBeforeMs)).toEqual(expected);
});

test('one that is too short to be warned is not, wherever it was answered', async () => {
  expect(await lived(undefined, MINUTE_MS)).toEqual(['over after 1']);
  expect(await lived(MINUTE_MS, MINUTE_MS)).toEqual(['over after 1']);
});
