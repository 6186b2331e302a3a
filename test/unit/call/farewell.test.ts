/** When an agent's last words count as heard, and when the caller keeps it on the line. */
import { expect, test } from 'vitest';
import { Farewell, type LastWords } from '../../../src/call/farewell.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const QUIET: LastWords = { idle: true, generating: false, leftMs: 0, callerSinceMs: undefined };
const SPEAKING: LastWords = { ...QUIET, idle: false, leftMs: 2_000 };

async function given(first: LastWords) {
  const clock = new ManualClock();
  const farewell = new Farewell(clock);
  farewell.begin(first);
  const after = async (ms: number, words: LastWords) => {
    await clock.advance(ms);
    return farewell.look(words);
  };
  return { clock, after };
}

test('a goodbye that is under way is heard when its last echo has come', async () => {
  const { after } = await given(SPEAKING);
  expect(await after(1_900, { ...SPEAKING, leftMs: 100 })).toBeUndefined();
  // Played by the clock, and the echo is still to come.
  expect(await after(500, { ...SPEAKING, leftMs: 0 })).toBeUndefined();
  expect(await after(100, QUIET)).toBe('heardOut');
});

test('the answer to the tool may hold the goodbye: it has a moment to begin', async () => {
  const { after } = await given({ ...SPEAKING, leftMs: 100 });
  expect(await after(200, QUIET)).toBeUndefined();
  expect(await after(500, { ...QUIET, generating: true })).toBeUndefined();
  expect(await after(2_000, SPEAKING)).toBeUndefined();
  expect(await after(2_000, QUIET)).toBe('heardOut');
});

test('who says nothing is waited for four seconds, and whose sentence stands still for three', async () => {
  const silent = await given(QUIET);
  expect(await silent.after(3_900, QUIET)).toBeUndefined();
  expect(await silent.after(100, QUIET)).toBe('heardOut');
  const stalled = await given({ ...SPEAKING, generating: true });
  expect(await stalled.after(1_000, { ...SPEAKING, generating: true })).toBeUndefined();
  expect(await stalled.after(2_900, { ...SPEAKING, generating: true, leftMs: 0 })).toBeUndefined();
  expect(await stalled.after(100, { ...SPEAKING, generating: true, leftMs: 0 })).toBe('heardOut');
});

test('a caller who says more than "bye" is not hung up on; what they had begun to say before does not count', async () => {
  const { clock, after } = await given(SPEAKING);
  const sinceMs = clock.nowMs();
  expect(await after(600, { ...SPEAKING, callerSinceMs: sinceMs - 5_000 })).toBeUndefined();
  expect(await after(100, { ...SPEAKING, callerSinceMs: sinceMs })).toBe('callerSpoke');
});
