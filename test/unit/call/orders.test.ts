/** What the agent is told, in words. */
import { expect, test } from 'vitest';
import { notPutThrough } from '../../../src/call/orders.ts';

test.each([
  ['no-answer', 'nobody answered'],
  ['busy', 'the line is busy'],
  ['failed', 'they cannot be reached'],
  ['something-new', 'it did not come about'],
  [undefined, 'it did not come about'],
])('of a transfer that is over, by its status (%s)', (status, why) => {
  expect(notPutThrough('desk', status)).toContain(`put through to desk: ${why}. They are back with you`);
});
