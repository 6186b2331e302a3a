/** From when until when the caller's voice does not stop the agent. */
import { describe, expect, test } from 'vitest';
import { type Protectable, Protection } from '../../../src/call/protection.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function given(kinds: readonly Protectable[] = ['greeting']) {
  const clock = new ManualClock();
  const line = { sounding: false };
  const protection = new Protection(clock, kinds, () => line.sounding);
  const activeAfter = (ms: number): boolean => {
    clock.tick(ms);
    return protection.active;
  };
  return { protection, line, activeAfter };
}

test('a greeting is protected from its order until it was heard', () => {
  const { protection, line, activeAfter } = given();
  expect(protection.active).toBe(false);
  protection.ordered('greeting', 0);
  expect(activeAfter(1_000)).toBe(true);
  line.sounding = true;
  protection.turnStarted(1);
  expect(activeAfter(6_000)).toBe(true);
  line.sounding = false;
  // Its end mark is on the way.
  expect(activeAfter(200)).toBe(true);
  protection.turnEnded(1);
  expect(protection.active).toBe(false);
});

test('what the agent was saying already is not what it was told to say', () => {
  const { protection, line, activeAfter } = given(['announcements']);
  line.sounding = true;
  protection.turnStarted(3);
  protection.ordered('announcements', 3);
  protection.turnEnded(3);
  protection.turnStarted(4);
  expect(activeAfter(5_000)).toBe(true);
  protection.turnEnded(4);
  expect(protection.active).toBe(false);
});

test('only what the file names is protected', () => {
  const { protection, activeAfter } = given(['announcements']);
  protection.ordered('greeting', 0);
  expect(activeAfter(0)).toBe(false);
});

describe('the caller is not kept out for long', () => {
  test('when the agent says nothing; the time counts from when they can be heard', () => {
    const { protection, activeAfter } = given();
    protection.ordered('greeting', 0);
    expect(activeAfter(0)).toBe(true);
    expect(activeAfter(3_900)).toBe(true);
    expect(activeAfter(100)).toBe(false);
  });

  test('when the turn stands still, or its end is never told', () => {
    const { protection, line, activeAfter } = given();
    protection.ordered('greeting', 0);
    line.sounding = true;
    protection.turnStarted(1);
    expect(activeAfter(2_000)).toBe(true);
    line.sounding = false;
    expect(activeAfter(900)).toBe(true);
    expect(activeAfter(100)).toBe(false);
  });
});
