/** A caller who leaves a message with the agent: it is in the record, once. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadFixture } from '../../src/simulator/index.ts';
import { replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const args = { message: 'The boiler is broken.', name: 'Ann', number: '555 0100' };

test('a message that the model writes down twice is in the record once', async () => {
  const { record, leftArmed } = await replay(question, {
    files: {
      'agents/reception.yaml':
        'default: true\ninstruction: Be kind.\ngreeting: Hello.\ntools: [{ kind: takeMessage }]\n',
    },
    model: {
      turns: [
        { on: 'greeting', says: 'Good evening.' },
        {
          on: 'speech',
          hears: 'Tell them about the boiler.',
          calls: [
            { name: 'take_message', args },
            { name: 'take_message', args, behavior: 'BLOCKING' },
          ],
        },
        { on: 'toolResult', says: 'I have written that down.' },
      ],
    },
  });
  const { message: text, ...from } = args;
  expect(record.messages).toEqual([{ atMs: expect.any(Number), text, ...from }]);
  expect(record.toolCalls).toMatchObject([{ answer: { status: 'ok' } }, { answer: { status: 'ok', repeated: true } }]);
  expect(leftArmed).toBe(0);
});
