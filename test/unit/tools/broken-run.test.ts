/** A tool that breaks: the operator has the reason, and the model is told no more than is known. */
import { expect, test } from 'vitest';
import { ToolFault } from '../../../src/tools/results.ts';
import { givenLedger, OK } from './given.ts';

const call = (id: string) => ({ id, name: 'book', args: {} });

test.each([
  [false, 'failed', /^It could not be done /],
  [true, 'unknown', /nobody knows whether it was done\..* do not try again/],
])('one that throws (side effect: %s) may have done its work before', async (sideEffect, status, message) => {
  const { ledger, clock, runs, settled, threw } = givenLedger([{ name: 'book', sideEffect }]);
  ledger.called(call('c1'));
  runs[0]!.reject(new Error('no JSON'));
  await clock.advance(0);
  expect(settled).toMatchObject([
    { result: { status, retryable: false, message: expect.stringMatching(message) }, told: 'answer' },
  ]);
  expect(threw).toMatchObject([{ message: 'no JSON' }]);
});

test('one that knows better says itself what the model is told, and whether it may be done again', async () => {
  const { ledger, clock, runs, settled, threw } = givenLedger([{ name: 'book', sideEffect: true }]);
  const busy = { status: 'unavailable', retryable: true, message: 'Not now.' };
  ledger.called(call('c1'));
  runs[0]!.reject(new ToolFault('api.example.com: the answer was 429', busy));
  await clock.advance(0);
  ledger.called(call('c2'));
  runs[1]!.resolve(OK);
  await clock.advance(0);
  expect(settled.map(({ result }) => result)).toEqual([busy, OK]);
  expect(threw).toMatchObject([{ message: 'api.example.com: the answer was 429' }]);
});

test.each([
  [false, 'failed'],
  [true, 'unreadable'],
])('what JSON cannot say (side effect: %s) is told as %s', async (sideEffect, status) => {
  const { ledger, clock, runs, outcome, threw } = givenLedger([{ name: 'book', sideEffect }]);
  ledger.called(call('c1'));
  runs[0]!.resolve({ ...OK, data: 12n });
  await clock.advance(0);
  expect(outcome()).toEqual([`c1 ${status} answer`]);
  expect(threw).toMatchObject([{ message: 'JSON cannot say its result' }]);
});

test.each([
  ['refused', 2],
  ['not_found', 2],
  ['no_results', 2],
  ['full', 1],
])(
  'a word of its own that says nothing of whether it was done counts as done, and %s does not',
  async (status, times) => {
    const { ledger, clock, runs } = givenLedger([{ name: 'book', sideEffect: true }]);
    ledger.called(call('c1'));
    runs[0]!.resolve({ status, retryable: false, message: 'There is no table.' });
    await clock.advance(0);
    ledger.called(call('c2'));
    expect(runs).toHaveLength(times);
  },
);
