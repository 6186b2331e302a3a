/** What an agent's caller is told before anything of theirs is heard, over the whole service. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callScript, loadFixture } from '../../src/simulator/index.ts';
import { replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const NOTICE = 'You speak with an automated assistant. What you say is written down.';
const filesWith = (notice: string) => ({
  'agents/reception.yaml': `default: true\ninstruction: Be kind.\ngreeting: Greet the caller.\nnotice: { say: "${notice}" }\n`,
});

test('is said before the stream opens, and not again when the stream breaks, while the greeting is prepared', async () => {
  const phone = { ...question.phone, faults: [{ fault: 'cut' as const, atMs: 9_000 }] };
  const { result, record, leftArmed } = await replay({ ...question, phone }, { files: filesWith(NOTICE) });
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

test.each([35, 61])('costs nobody the call when it takes %i seconds', async (seconds) => {
  // The simulated Twilio says a character in 60 ms.
  const notice = NOTICE.repeat(20).slice(0, Math.ceil((seconds * 1_000) / 60));
  const script = callScript.parse([
    { hear: 'agent' },
    // The notice, and then the agent itself.
    { wait: seconds * 1_000 },
    { hearSilence: { ms: 2_000 }, withinMs: 30_000 },
    { hangUp: true },
  ]);
  const phone = { ...question.phone, script };
  const { result, record, live, leftArmed } = await replay({ ...question, phone }, { files: filesWith(notice) });
  expect(result.events.find(({ type }) => type === 'streamStarted')!.atMs).toBeGreaterThanOrEqual(seconds * 1_000);
  expect(record.outcome).toEqual({ kind: 'callerGone' });
  expect(record.events).toEqual([]);
  expect(record.lines[0]).toMatchObject({ speaker: 'agent' });
  expect(live.sessions).toHaveLength(1);
  expect(leftArmed).toBe(0);
});
