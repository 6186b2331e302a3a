/** Keys that the agent presses: given out once, and how long nobody is looked for meanwhile. */
import { expect, test } from 'vitest';
import { KeysOut } from '../../../src/call/keys-out.ts';
import { ManualClock } from '../../support/manual-clock.ts';

test('they are given out once, and the other side is away for as long as they take', async () => {
  const clock = new ManualClock();
  const keysOut = new KeysOut(clock);
  let left = 0;
  let back = false;
  void keysOut
    .begin('12ww', () => left++)
    .then(() => {
      back = true;
    });
  expect([left, keysOut.underWay, keysOut.take(), keysOut.take()]).toEqual([1, true, '12ww', undefined]);
  await clock.advance(5_500);
  expect([keysOut.underWay, back]).toEqual([true, false]);
  keysOut.back();
  await clock.advance(0);
  expect([keysOut.underWay, back]).toEqual([false, true]);
});

test('who does not come back is looked for when that time is over', async () => {
  const clock = new ManualClock();
  const keysOut = new KeysOut(clock);
  void keysOut.begin('1', () => undefined);
  await clock.advance(4_300);
  expect(keysOut.underWay).toBe(false);
});
