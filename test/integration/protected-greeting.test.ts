/** A caller who speaks over the greeting: where it is protected, the agent says it to its end, and then answers. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callScript, loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { type Replay, replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const say = question.phone.script.find((step) => step.say !== undefined)!;
const quiet = (ms: number) => ({ hearSilence: { ms }, withinMs: 60_000 });
const hear = { hear: 'agent', withinMs: 30_000 };

const GREETING =
  'Good evening, this is the automated assistant of Da Mario, and this call is recorded so that we can improve what we do for you.';
const model: ScenarioInput = {
  turns: [
    { on: 'greeting', says: GREETING },
    { on: 'digits', says: 'You pressed one.' },
    { on: 'speech', hears: 'The question.', says: 'Here is the answer.' },
  ],
};

interface More {
  readonly limits?: string;
  readonly turns?: NonNullable<ScenarioInput['turns']>;
}

function callWith(protect: string, steps: readonly unknown[], { limits = '', turns = [] }: More = {}): Promise<Replay> {
  const agent = `default: true\ninstruction: Be kind.\ngreeting: Greet the caller.\nturnTaking: { protect: ${protect} }\n${limits}\n`;
  const script = callScript.parse([hear, ...steps]);
  return replay(
    { ...question, phone: { ...question.phone, script } },
    {
      files: { 'agents/reception.yaml': agent },
      model: { ...model, turns: [...(model.turns ?? []), ...turns] },
    },
  );
}
const spoken = ({ record }: Replay) => record.lines.map(({ speaker, cut }) => [speaker, cut]);
const greetingMs = ({ record }: Replay) => record.lines[0]!.endMs - record.lines[0]!.startMs;
const end = [hear, quiet(600), { hangUp: true }];

test('who speaks over its beginning is not heard, and may say it again', async () => {
  const call = await callWith('[greeting]', [{ wait: 300 }, say, quiet(600), say, ...end]);
  expect(call.result.scriptFailure).toBeUndefined();
  expect(greetingMs(call)).toBeGreaterThan(6_500);
  expect(spoken(call)).toEqual([
    ['agent', false],
    ['caller', false],
    ['agent', false],
  ]);
  const [session] = call.live.sessions;
  expect(session!.eventsOf('speechStarted')).toHaveLength(1);
  // The model's time went on: it got as much sound as there was call.
  expect(session!.heard.length / 16).toBeGreaterThan(call.record.durationMs - 1_000);
  expect(call.record.sound?.caller.activeDbov).toBeGreaterThan(-40);
  expect(call.leftArmed).toBe(0);
});

test('who is speaking at its end is heard from their first word, and answered', async () => {
  const call = await callWith('[greeting]', [{ wait: 5_000 }, say, ...end]);
  expect(call.result.scriptFailure).toBeUndefined();
  expect(spoken(call)).toEqual([
    ['agent', false],
    ['caller', false],
    ['agent', false],
  ]);
  const spokeMs = call.record.lines[1]!;
  expect(spokeMs.startMs).toBeLessThan(call.record.lines[0]!.endMs);
});

test('keys are heard at any time', async () => {
  const call = await callWith('[greeting]', [{ wait: 1_000 }, { press: '1' }, quiet(600), { hangUp: true }]);
  expect(call.record.digits).toBe('1');
  expect(call.record.lines.at(-1)).toMatchObject({ speaker: 'agent', text: 'You pressed one.' });
});

test.each([
  ['is heard to its end where announcements are protected', '[announcements]', false],
  ['is stopped like anything else where they are not', '[greeting]', true],
])('the announcement of the call’s end %s', async (_how, protect, cut) => {
  const announcement = { on: 'text', says: 'I have to tell you that this call can last for one minute more.' } as const;
  const call = await callWith(
    protect,
    [quiet(2_000), { hear: 'agent', withinMs: 90_000 }, { wait: 300 }, say, ...end],
    { limits: 'limits: { callMinutes: 2 }\nidle: false', turns: [announcement] },
  );
  expect(call.record.lines[1]).toMatchObject({ speaker: 'agent', cut });
});

test('without protection the caller stops it', async () => {
  const call = await callWith('[]', [{ wait: 300 }, say, ...end]);
  expect(call.record.lines[0]).toMatchObject({ speaker: 'agent', cut: true });
});
