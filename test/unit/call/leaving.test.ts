/** When a socket that is about to be closed is left: between two turns, or just in time. */
import { expect, test } from 'vitest';
import { Leaving, type Moment } from '../../../src/call/leaving.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function leavingAfter(timeLeftMs: number) {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const leftAtMs: number[] = [];
  const leaving = new Leaving(clock, () => leftAtMs.push(clock.nowMs() - startMs));
  leaving.announced(timeLeftMs);
  const look = (forMs: number, moment: Moment): void => {
    for (let passedMs = 0; passedMs < forMs; passedMs += 100) {
      clock.tick(100);
      leaving.look(moment);
    }
  };
  return { leaving, leftAtMs, look };
}

test('a socket is left as soon as nobody is in the middle of something, and once', () => {
  const { leftAtMs, look } = leavingAfter(50_000);
  look(3_000, 'agentsTurn');
  expect(leftAtMs).toEqual([]);
  look(2_000, 'betweenTurns');
  expect(leftAtMs).toEqual([3_100]);
});

test('a socket is left in mid-sentence when the notice runs out', () => {
  const { leftAtMs, look } = leavingAfter(50_000);
  look(60_000, 'agentsTurn');
  expect(leftAtMs).toEqual([45_000]);
});

test('a notice that is too short for waiting is acted on at once', () => {
  const { leftAtMs, look } = leavingAfter(1_000);
  look(100, 'agentsTurn');
  expect(leftAtMs).toEqual([100]);
});

test('a socket that is gone before is not left again', () => {
  const { leaving, leftAtMs, look } = leavingAfter(50_000);
  leaving.left();
  look(60_000, 'betweenTurns');
  expect(leftAtMs).toEqual([]);
});

test('towards the end of the notice a caller who speaks is no reason to wait', () => {
  const { leftAtMs, look } = leavingAfter(50_000);
  look(60_000, 'callerSpeaks');
  expect(leftAtMs).toEqual([35_000]);
});
