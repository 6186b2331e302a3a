/** What is remembered of calls that are over, and for how long. */
import { expect, test } from 'vitest';
import { HANG_UP } from '../../../src/call/next.ts';
import { PastCalls } from '../../../src/call/past-calls.ts';
import { ManualClock } from '../../support/manual-clock.ts';

test('a call that was never here is remembered as gone for ten minutes', () => {
  const clock = new ManualClock();
  const past = new PastCalls(clock);
  past.heardOf('CA1');
  clock.tick(10 * 60_000);
  expect([past.has('CA1'), past.answerOf('CA1')]).toEqual([true, HANG_UP]);
  clock.tick(1);
  expect([past.has('CA1'), past.answerOf('CA1')]).toEqual([false, undefined]);
});

test('the provider is waited for until it has asked about a call whose stream was closed, and for three seconds at most', async () => {
  const clock = new ManualClock();
  const past = new PastCalls(clock);
  let times = 0;
  const wait = (): void => void past.settledWithin(3_000).then(() => times++);
  past.add('CA1', HANG_UP, false);
  past.willAsk('CA2');
  wait();
  past.settle('CA1');
  await clock.advance(2_000);
  expect(times).toBe(0);
  past.settle('CA2');
  await clock.advance(100);
  expect([times, past.has('CA1'), past.has('CA2')]).toEqual([1, true, false]);
  past.willAsk('CA2');
  wait();
  await clock.advance(2_900);
  expect(times).toBe(1);
  await clock.advance(100);
  expect(times).toBe(2);
});

test('of the calls that were never here the newest five thousand are remembered, and push out none that ended here', () => {
  const past = new PastCalls(new ManualClock());
  past.add('CA', { do: 'fallback', agent: 'desk' }, true);
  for (let n = 0; n <= 5_000; n++) past.heardOf(`CA${n}`);
  expect([past.has('CA0'), past.has('CA1'), past.has('CA5000')]).toEqual([false, true, true]);
  expect(past.answerOf('CA')).toEqual({ do: 'fallback', agent: 'desk' });
});

test('a call that ended here keeps its answer when the provider says that the caller is gone', () => {
  const past = new PastCalls(new ManualClock());
  past.add('CA1', { do: 'fallback', agent: 'desk' }, false);
  past.heardOf('CA1');
  expect(past.answerOf('CA1')).toEqual({ do: 'fallback', agent: 'desk' });
});
