/** An agent that ends its call: what the caller hears of its goodbye, and what becomes of one that is not heard. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Pcm, tone, toneLevelDbov, writeWav } from '../../src/audio/index.ts';
import { callScript, loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { type Replay, type ReplayOptions, replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const say = question.phone.script.find((step) => step.say !== undefined)!;
const quiet = (ms: number) => ({ hearSilence: { ms }, withinMs: 60_000 });
const waitForHangUp = { waitForHangUp: true, withinMs: 60_000 };

const files = {
  // A tone of four seconds counts as none to whoever watches whether the agent speaks.
  'agents/reception.yaml': `
default: true
instruction: Be kind.
greeting: Greet the caller.
patience: false
tools:
  - kind: endCall
`,
};

const folder = mkdtempSync(join(tmpdir(), 'callbridge-end-call-'));
afterAll(() => rmSync(folder, { recursive: true }));
function wavOf(samples: Pcm<24000>): string {
  const path = join(folder, 'agent.wav');
  writeFileSync(path, writeWav(samples, 24_000));
  return path;
}

type Turn = NonNullable<ScenarioInput['turns']>[number];
const GREETING: Turn = { on: 'greeting', says: 'Good evening.', sound: { toneHz: 440, lengthMs: 1_000 } };
const GOODBYE_HZ = 880;
const GOODBYE_MS = 4_000;
const goodbye = { says: 'Goodbye, and thank you.', sound: { toneHz: GOODBYE_HZ, lengthMs: GOODBYE_MS } };
const end = { calls: [{ name: 'end_call' }] };
/** As loud as an agent's own voice may come back, and louder than the line. */
const ECHO = { toneHz: GOODBYE_HZ, lengthMs: 1_500, dbov: -22 };
const loudGoodbye = {
  ...goodbye,
  sound: { wav: wavOf(tone({ hz: GOODBYE_HZ, lengthMs: GOODBYE_MS, dbov: -8 }, 24_000)) },
};
const SILENT: Turn = { on: 'toolResult' };

function callWith(
  turns: readonly Turn[],
  steps: readonly unknown[] = [],
  options: Omit<ReplayOptions, 'model' | 'files'> = {},
): Promise<Replay> {
  const script = callScript.parse([{ hear: 'agent' }, quiet(600), say, ...steps, waitForHangUp]);
  return replay(
    { ...question, phone: { ...question.phone, script } },
    { files, model: { turns: [GREETING, ...turns] }, ...options },
  );
}

/** How long the goodbye's tone was heard, in ms. */
function goodbyeHeardMs({ result: { heard } }: Replay): number {
  const pieceMs = 20;
  let heardMs = 0;
  for (let at = 0; at + pieceMs * 8 <= heard.length; at += pieceMs * 8) {
    if (toneLevelDbov(heard.subarray(at, at + pieceMs * 8) as typeof heard, 8000, GOODBYE_HZ) > -30) heardMs += pieceMs;
  }
  return heardMs;
}

const answersOf = ({ live }: Replay) => live.sessions.flatMap((session) => session.eventsOf('toolAnswered'));
const lastLine = ({ record }: Replay) => record.lines.at(-1);

function expectEndedByAgent(call: Replay): void {
  expect(call.record.outcome).toEqual({ kind: 'completed', by: 'agent' });
  expect(call.result.end).toEqual({ how: 'serviceHungUp' });
  expect(call.result.scriptFailure).toBeUndefined();
  expect(call.leftArmed).toBe(0);
}

describe('a goodbye is heard to its end', () => {
  test('when it is said before the call is ended: the agent is told to say nothing more', async () => {
    const call = await callWith([{ on: 'speech', hears: 'That is all.', ...goodbye, ...end }, SILENT]);
    expectEndedByAgent(call);
    expect(goodbyeHeardMs(call)).toBeGreaterThanOrEqual(GOODBYE_MS - 40);
    expect(lastLine(call)).toMatchObject({ speaker: 'agent', text: goodbye.says, cut: false });
    expect(answersOf(call)).toMatchObject([
      { accepted: true, answer: { response: { status: 'ok', message: expect.stringMatching(/say nothing more/) } } },
    ]);
  });

  test('when it is said in answer to the tool', async () => {
    const call = await callWith([
      { on: 'speech', hears: 'That is all.', ...end },
      { on: 'toolResult', ...goodbye },
    ]);
    expectEndedByAgent(call);
    expect(goodbyeHeardMs(call)).toBeGreaterThanOrEqual(GOODBYE_MS - 40);
    expect(lastLine(call)).toMatchObject({ text: goodbye.says, cut: false });
    expect(answersOf(call)).toMatchObject([
      { answer: { response: { message: expect.stringMatching(/^Say goodbye/) } } },
    ]);
  });

  test('though the phone brings it back, as quiet as an echo is', async () => {
    const call = await callWith(
      [{ on: 'speech', hears: 'That is all.', ...loudGoodbye, ...end }, SILENT],
      [{ hear: 'agent' }, { wait: 1_000 }, { say: ECHO }],
      { turnTaking: { bargeIn: false } },
    );
    expectEndedByAgent(call);
    expect(goodbyeHeardMs(call)).toBeGreaterThanOrEqual(GOODBYE_MS - 40);
  });

  test('as far as it came, when its session is lost', async () => {
    const fault = { kind: 'close', code: 1008, reason: 'Your project has been denied access.' } as const;
    const call = await callWith([{ on: 'speech', hears: 'That is all.', ...goodbye, ...end, fault }, SILENT]);
    expectEndedByAgent(call);
    expect(goodbyeHeardMs(call)).toBeGreaterThanOrEqual(GOODBYE_MS - 40);
  });
});

test('a caller who hangs up during the goodbye is the one who ended the call', async () => {
  const call = await callWith(
    [{ on: 'speech', hears: 'That is all.', ...goodbye, ...end }, SILENT],
    [{ hear: 'agent' }, { wait: 1_000 }, { hangUp: true, withinMs: 60_000 }],
  );
  expect(call.record.outcome).toEqual({ kind: 'callerGone' });
  expect(lastLine(call)).toMatchObject({ text: goodbye.says, cut: true });
  expect(call.leftArmed).toBe(0);
});

test('an agent that says nothing at all is not waited for', async () => {
  const call = await callWith([{ on: 'speech', hears: 'That is all.', ...end }, SILENT]);
  expectEndedByAgent(call);
  expect(goodbyeHeardMs(call)).toBe(0);
  const endedAt = call.result.events.find(({ type }) => type === 'ended')!.atMs;
  const [calledAt] = call.record.toolCalls.map(({ calledAtMs }) => calledAtMs);
  expect(endedAt - calledAt!).toBeGreaterThan(4_000);
  expect(endedAt - calledAt!).toBeLessThan(5_000);
});

describe('a caller who speaks before the end', () => {
  const more: Turn = { on: 'speech', hears: 'One more thing.', says: 'Yes?', sound: { toneHz: 660, lengthMs: 800 } };
  const hangUp = { hangUp: true, withinMs: 60_000 };

  test('is answered: the call goes on, and can be ended again', async () => {
    const call = await callWith(
      [
        { on: 'speech', hears: 'That is all.', ...goodbye, ...end },
        SILENT,
        more,
        // Calls of this kind have ids of their own where chance is not real.
        { on: 'speech', hears: 'Now it is.', ...goodbye, calls: [{ name: 'end_call', behavior: 'BLOCKING' }] },
        SILENT,
      ],
      [{ hear: 'agent' }, { wait: 1_000 }, say, { hear: 'agent' }, quiet(600), say],
    );
    expectEndedByAgent(call);
    expect(call.record.lines.map(({ text, cut }) => [text, cut])).toEqual([
      ['Good evening.', false],
      ['That is all.', false],
      [goodbye.says, true],
      ['One more thing.', false],
      ['Yes?', false],
      ['Now it is.', false],
      [goodbye.says, false],
    ]);
    expect(call.record.toolCalls).toMatchObject([{ answer: { status: 'ok' } }, { answer: { status: 'ok' } }]);
  });

  test('is answered also by an agent that is not to be interrupted', async () => {
    const call = await callWith(
      [{ on: 'speech', hears: 'That is all.', ...goodbye, ...end }, SILENT, more],
      [{ hear: 'agent' }, { wait: 1_000 }, say, quiet(3_000), hangUp],
      { turnTaking: { bargeIn: false } },
    );
    expect(call.record.outcome).toEqual({ kind: 'callerGone' });
    expect(lastLine(call)).toMatchObject({ text: 'Yes?', cut: false });
  });

  test('is answered also when the phone brings back what they speak over', async () => {
    const call = await callWith(
      [{ on: 'speech', hears: 'That is all.', ...loudGoodbye, ...end }, SILENT, more],
      [
        { hear: 'agent' },
        { wait: 500 },
        { say: { ...ECHO, lengthMs: 1_000 } },
        say,
        { hear: 'agent' },
        quiet(600),
        hangUp,
      ],
      { turnTaking: { bargeIn: false } },
    );
    expect(call.record.outcome).toEqual({ kind: 'callerGone' });
    expect(lastLine(call)).toMatchObject({ text: 'Yes?', cut: false });
  });

  test('is answered also when they press a key', async () => {
    const call = await callWith(
      [
        { on: 'speech', hears: 'That is all.', ...goodbye, ...end },
        SILENT,
        { on: 'digits', says: 'You pressed one.', sound: { toneHz: 660, lengthMs: 800 } },
      ],
      [{ hear: 'agent' }, { wait: 1_000 }, { press: '1' }, quiet(3_000), hangUp],
    );
    expect(call.record.outcome).toEqual({ kind: 'callerGone' });
    expect(lastLine(call)).toMatchObject({ text: 'You pressed one.', cut: false });
  });
});
