/** What an agent's caller is told before anything of theirs is heard, over the whole service. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadFixture } from '../../src/simulator/index.ts';
import { replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const NOTICE = 'You speak with an automated assistant. What you say is written down.';
const files = {
  'agents/reception.yaml': `default: true\ninstruction: Be kind.\ngreeting: Greet the caller.\nnotice: { say: "${NOTICE}" }\n`,
};

test('is said before the stream opens, and not again when the stream breaks, while the greeting is prepared', async () => {
  const phone = { ...question.phone, faults: [{ fault: 'cut' as const, atMs: 9_000 }] };
  const { result, record, leftArmed } = await replay({ ...question, phone }, { files });
  const order = result.events.filter(({ type }) => type === 'spoken' || type === 'streamStarted');
  expect(order).toMatchObject([{ type: 'spoken', text: NOTICE }, { type: 'streamStarted' }, { type: 'streamStarted' }]);
  // As long as it takes to say.
  expect(order[1]!.atMs).toBeGreaterThan(4_000);
  expect(order[1]!.atMs).toBeLessThan(4_500);
  const [greeting] = record.lines;
  expect(greeting?.speaker).toBe('agent');
  expect(greeting!.startMs).toBeLessThan(200);
  expect(leftArmed).toBe(0);
});
