/** What the agent is told after a break. */
import { expect, test } from 'vitest';
import { CarryOn } from '../../../src/call/carry-on.ts';

test('an agent that was cut off is told to go on, once', () => {
  const carryOn = new CarryOn();
  carryOn.broken('agentCut');
  expect(carryOn.mended(false)).toMatch(/Go on with your sentence/);
  expect(carryOn.mended(false)).toBeUndefined();
});

test('nothing is said where nothing was under way, nor into what the caller says', () => {
  const carryOn = new CarryOn();
  carryOn.broken(undefined);
  expect(carryOn.mended(false)).toBeUndefined();
  carryOn.broken('callerUnanswered');
  expect(carryOn.mended(true)).toBeUndefined();
  expect(carryOn.mended(false)).toBeUndefined();
});

test('of two breaks in a row the first one counts: nothing was under way at the second', () => {
  const carryOn = new CarryOn();
  carryOn.broken('agentCut');
  carryOn.broken(undefined);
  carryOn.broken('callerUnanswered');
  expect(carryOn.mended(false)).toMatch(/speaking/);
});

test('what the caller did in vain is told beside the rest, once, and not into what they say', () => {
  const carryOn = new CarryOn();
  carryOn.broken('callerUnanswered');
  carryOn.lost('[Keys lost.]');
  expect(carryOn.mended(false)).toMatch(/Answer what the caller said last.*\] \[Keys lost\.\]$/);
  expect(carryOn.mended(false)).toBeUndefined();
  carryOn.lost('[Keys lost.]');
  expect(carryOn.mended(false)).toBe('[Keys lost.]');
  carryOn.lost('[Keys lost.]');
  expect(carryOn.mended(true)).toBeUndefined();
  carryOn.happened('[Back.]');
  expect(carryOn.mended(true)).toBe('[Back.]');
});

test('a caller whom nobody heard for a while may wait for an answer; that is asked once', () => {
  const carryOn = new CarryOn();
  expect(carryOn.heardAgain()).toBe(false);
  carryOn.unheard();
  expect(carryOn.heardAgain()).toBe(true);
  expect(carryOn.heardAgain()).toBe(false);
});

test('somebody waits while there is anything to be told', () => {
  const carryOn = new CarryOn();
  expect(carryOn.owes).toBe(false);
  carryOn.broken('callerUnanswered');
  expect(carryOn.owes).toBe(true);
  carryOn.mended(false);
  expect(carryOn.owes).toBe(false);
  carryOn.happened('[Back.]');
  expect(carryOn.owes).toBe(true);
});
