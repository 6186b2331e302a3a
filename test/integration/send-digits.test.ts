/** An agent that presses keys in a menu: the other side hears them, and the talk goes on in the same session. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callScript, loadFixture } from '../../src/simulator/index.ts';
import { replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
/** In the turn in which the keys are pressed. */
const SAID = 'One moment please, I am now pressing the key for sales.';
const say = question.phone.script.find((step) => step.say !== undefined)!;

test('the call leaves its stream for the keys, and comes back', async () => {
  const script = callScript.parse([
    { hear: 'agent' },
    { hearSilence: { ms: 600 }, withinMs: 20_000 },
    say,
    { hear: 'agent' },
    { hearSilence: { ms: 600 }, withinMs: 20_000 },
    { hear: 'agent', withinMs: 20_000 },
    { hearSilence: { ms: 2_000 }, withinMs: 60_000 },
    { hangUp: true, withinMs: 1_000 },
  ]);
  const { result, record, live, leftArmed } = await replay(
    { ...question, phone: { ...question.phone, script } },
    {
      files: {
        'agents/reception.yaml':
          'default: true\ninstruction: Be kind.\ngreeting: Hello.\ntools: [{ kind: sendDigits }]\n',
      },
      model: {
        turns: [
          { on: 'greeting', says: 'Good evening.' },
          {
            on: 'speech',
            hears: 'For sales, press two.',
            says: SAID,
            calls: [{ name: 'send_digits', args: { digits: '2wwww7#' } }],
          },
          { on: 'toolResult', says: 'I am through.' },
        ],
      },
    },
  );
  const order = result.events.filter(({ type }) => ['streamStarted', 'keysSent', 'ledElsewhere'].includes(type));
  expect(order).toMatchObject([
    { type: 'streamStarted' },
    { type: 'keysSent', keys: '2wwww7#' },
    { type: 'streamStarted' },
  ]);
  // The keys and their waits.
  expect(order[2]!.atMs - order[1]!.atMs).toBeGreaterThanOrEqual(2_700);
  expect(live.sessions).toHaveLength(1);
  expect(record.toolCalls).toMatchObject([{ answer: { status: 'ok' } }]);
  expect(record.lines.map(({ text }) => text)).toEqual([
    'Good evening.',
    'For sales, press two.',
    SAID,
    'I am through.',
  ]);
  // Heard to its end before, and not again.
  const lines = record.lines.map(({ startMs, endMs }) => [startMs, endMs] as const);
  expect(lines[2]![1]).toBeLessThanOrEqual(order[1]!.atMs);
  expect(lines[3]![0]).toBeGreaterThanOrEqual(order[2]!.atMs);
  expect(record.outcome).toEqual({ kind: 'callerGone' });
  expect(leftArmed).toBe(0);
});
