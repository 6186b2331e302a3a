import { expect, test } from 'vitest';
import { delaysMs } from '../../../bench/load/delays.ts';

test('an arrival belongs to the latest sending of the same call and tag', () => {
  const sent = [
    { call: 1, tag: 0, atMs: 100 },
    { call: 1, tag: 0, atMs: 1_100 },
    { call: 1, tag: 5, atMs: 1_105 },
    { call: 2, tag: 0, atMs: 1_109 },
  ];
  expect(delaysMs(sent, [{ call: 1, tag: 0, atMs: 1_112 }], 4_000)).toEqual([12]);
  expect(delaysMs(sent, [{ call: 1, tag: 5, atMs: 1_112 }], 4_000)).toEqual([7]);
});

test('what nobody sent, or long ago, has no delay', () => {
  const sent = [{ call: 1, tag: 0, atMs: 100 }];
  expect(delaysMs(sent, [{ call: 1, tag: 0, atMs: 5_000 }], 4_000)).toEqual([]);
  expect(delaysMs(sent, [{ call: 1, tag: 0, atMs: 90 }], 4_000)).toEqual([]);
  expect(delaysMs(sent, [{ call: 3, tag: 0, atMs: 110 }], 4_000)).toEqual([]);
});
