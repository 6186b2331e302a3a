import { expect, test } from 'vitest';
import { toolMessage } from '../../../src/live/encode.ts';

test('a call that came without an id is answered without one', () => {
  const answer = { id: '', name: 'book', response: { output: 'ok' } };
  expect(JSON.parse(toolMessage([answer]))).toEqual({
    toolResponse: { functionResponses: [{ name: 'book', response: { output: 'ok' } }] },
  });
});
