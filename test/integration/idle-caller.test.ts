/** A caller who says nothing: asked whether they are there, and at last said goodbye to. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { callScript, loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { type Replay, type ReplayOptions, replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const say = question.phone.script.find((step) => step.say !== undefined)!;
const quiet = (ms: number) => ({ hearSilence: { ms }, withinMs: 60_000 });
const hear = { hear: 'agent', withinMs: 30_000 };

const files = {
  'agents/reception.yaml': `
default: true
instruction: Be kind.
greeting: Greet the caller.
idle: { askAfterSeconds: 6, times: 1 }
`,
};
type Turn = NonNullable<ScenarioInput['turns']>[number];
const GREETING: Turn = { on: 'greeting', says: 'Good evening, what can I do for you?' };
const ASKS: Turn = { on: 'text', says: 'Are you still there?' };
const GOODBYE: Turn = { on: 'text', says: 'I say goodbye then. Please call again.' };

function callWith(
  turns: readonly Turn[],
  steps: readonly unknown[],
  options: Omit<ReplayOptions, 'model' | 'files'> = {},
): Promise<Replay> {
  const script = callScript.parse([hear, quiet(600), ...steps]);
  return replay(
    { ...question, phone: { ...question.phone, script } },
    { files, model: { turns: [GREETING, ...turns] }, ...options },
  );
}
const spoken = ({ record }: Replay) => record.lines.map(({ speaker, text, cut }) => [speaker, text, cut]);
const silences = ({ record }: Replay) =>
  record.events.filter(({ code }) => code === 'SILENCE').map(({ detail }) => detail);

test('is asked, and hears the goodbye to its end before the call ends', async () => {
  const call = await callWith([ASKS, GOODBYE], [{ waitForHangUp: true, withinMs: 60_000 }]);
  expect(call.result.scriptFailure).toBeUndefined();
  expect(call.record.outcome).toEqual({ kind: 'completed', by: 'silence' });
  expect(spoken(call)).toEqual([
    ['agent', GREETING.says, false],
    ['agent', ASKS.says, false],
    ['agent', GOODBYE.says, false],
  ]);
  const [greeting, ask, goodbye] = call.record.lines;
  for (const [before, after] of [
    [greeting, ask],
    [ask, goodbye],
  ] as const) {
    expect(after!.startMs - before!.endMs).toBeGreaterThanOrEqual(6_000);
    expect(after!.startMs - before!.endMs).toBeLessThan(7_500);
  }
  expect(silences(call)).toHaveLength(2);
  expect(call.leftArmed).toBe(0);
});

test('who speaks during the goodbye is answered, and the call goes on', async () => {
  const call = await callWith(
    [ASKS, GOODBYE, { on: 'speech', hears: 'I am here.', says: 'Very well.' }],
    [hear, quiet(600), hear, say, hear, quiet(600), { hangUp: true }],
  );
  expect(call.result.scriptFailure).toBeUndefined();
  expect(call.record.outcome).toEqual({ kind: 'callerGone' });
  expect(spoken(call)).toEqual([
    ['agent', GREETING.says, false],
    ['agent', ASKS.says, false],
    ['agent', expect.stringMatching(/^I say goodbye then/), true],
    ['caller', 'I am here.', false],
    ['agent', 'Very well.', false],
  ]);
});

test('who presses a key is asked anew', async () => {
  const call = await callWith(
    [ASKS, { on: 'digits', says: 'You pressed one.' }, { ...ASKS, says: 'Still there?' }],
    [hear, quiet(600), { press: '1' }, hear, quiet(600), hear, quiet(600), { hangUp: true }],
  );
  expect(call.record.outcome).toEqual({ kind: 'callerGone' });
  expect(call.record.lines.at(-1)).toMatchObject({ text: 'Still there?', cut: false });
  expect(silences(call)).toEqual([silences(call)[0], silences(call)[0]]);
});

describe('what the phone brings back of the agent', () => {
  const TONE = { toneHz: 880, lengthMs: 2_000 };
  /** The agent's tone has −20 dBov. */
  const echo = (lengthMs: number, dbov: number) => ({ say: { toneHz: 880, lengthMs, dbov } });
  const waitForHangUp = { waitForHangUp: true, withinMs: 60_000 };

  test('does not keep the call from ending', async () => {
    const call = await callWith(
      [ASKS, { ...GOODBYE, sound: TONE }],
      [hear, quiet(600), hear, { wait: 300 }, echo(1_500, -32.5), waitForHangUp],
      { turnTaking: { bargeIn: false } },
    );
    expect(call.result.scriptFailure).toBeUndefined();
    expect(call.record.outcome).toEqual({ kind: 'completed', by: 'silence' });
    expect(silences(call)).toHaveLength(2);
  });

  test('does not have it go on for ever where it stops the agent', async () => {
    const turns: Turn[] = [
      { ...ASKS, sound: TONE },
      { on: 'speech', hears: 'Are', says: 'Yes?' },
    ];
    const stopped = [hear, { wait: 100 }, echo(400, -28), quiet(600), hear, quiet(600)];
    const times = Array.from({ length: 4 });
    const call = await callWith(
      times.flatMap(() => turns),
      [...times.flatMap(() => stopped), waitForHangUp],
    );
    expect(call.result.scriptFailure).toBeUndefined();
    expect(call.record.outcome).toEqual({ kind: 'completed', by: 'silence' });
    expect(call.record.lines.filter(({ text, cut }) => text === ASKS.says || cut)).toHaveLength(4);
    const [asks] = silences(call);
    expect(silences(call)).toEqual([...times.map(() => asks), 'nobody spoke: the call ends']);
  });
});
