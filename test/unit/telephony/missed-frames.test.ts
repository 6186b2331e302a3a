/** What a provider's counters tell of frames that did not arrive. */
import { expect, test } from 'vitest';
import { MissedFrames } from '../../../src/telephony/missed-frames.ts';

interface Frame {
  readonly chunk?: number;
  readonly sequence?: number;
  /** Other messages that came before it. */
  readonly others?: number;
}

function missedBefore(frames: readonly Frame[]): number[] {
  const missed = new MissedFrames();
  return frames.map(({ others = 0, ...frame }) => {
    for (let i = 0; i <= others; i++) missed.message();
    return missed.before(frame);
  });
}

test('a jump of the frame counter is as many frames as it leaves out', () => {
  expect(missedBefore([{ chunk: 7 }, { chunk: 8 }, { chunk: 12 }, { chunk: 13 }])).toEqual([0, 0, 3, 0]);
});

test('without a frame counter the counter of messages tells, less the marks and keys that came between', () => {
  expect(missedBefore([{ sequence: 4 }, { sequence: 5 }, { sequence: 8, others: 2 }, { sequence: 12 }])).toEqual([
    0, 0, 0, 3,
  ]);
});

test('where both count, frames do', () => {
  expect(
    missedBefore([
      { chunk: 1, sequence: 2 },
      { chunk: 2, sequence: 9 },
    ]),
  ).toEqual([0, 0]);
});

test('counters that are overtaken, repeat or begin anew miss nothing', () => {
  expect(missedBefore([5, 7, 6, 8, 8, 9].map((chunk) => ({ chunk })))).toEqual([0, 1, 0, 0, 0, 0]);
  expect(missedBefore([2_000, 1, 2, 4].map((chunk) => ({ chunk })))).toEqual([0, 0, 0, 1]);
});

test('a provider that counts nothing misses nothing', () => {
  expect(missedBefore([{}, {}, { others: 3 }])).toEqual([0, 0, 0]);
});
