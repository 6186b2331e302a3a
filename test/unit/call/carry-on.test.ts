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

test('a caller whom nobody heard for a while may wait for an answer; that is asked once', () => {
  const carryOn = new CarryOn();
  expect(carryOn.heardAgain()).toBe(false);
  carryOn.unheard();
  expect(carryOn.heardAgain()).toBe(true);
  expect(carryOn.heardAgain()).toBe(false);
});
