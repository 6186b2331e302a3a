/** A simulated caller follows a script, and says which step could not be done. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runScript } from '../../../src/simulator/phone/run-script.ts';
import { callScript } from '../../../src/simulator/phone/script.ts';
import { type GivenLine, givenLine, loud } from './given.ts';

/** Runs the script; what became of it is undefined while it runs, 'done', or the failure's message. */
function whenFollows(given: GivenLine, script: unknown): { became: string | undefined } {
  const run: { became: string | undefined } = { became: undefined };
  runScript(given.handset, callScript.parse(script)).then(
    () => {
      run.became = 'done';
    },
    (error: Error) => {
      run.became = error.message;
    },
  );
  return run;
}

const stepTimes = (given: GivenLine): number[] =>
  given.events.filter(({ type }) => type === 'stepBegan').map(({ atMs }) => atMs);

describe('steps', () => {
  test('hear waits for the agent, hearSilence for its end, and each goes on at the next frame', async () => {
    const given = givenLine();
    const run = whenFollows(given, [{ hear: 'agent' }, { hearSilence: { ms: 600 } }, 'hangUp']);
    await given.clock.advance(1_000);
    given.play(loud(500));
    await given.clock.advance(3_000);
    expect(stepTimes(given)).toEqual([0, 1_020, 2_100]);
    expect(given.handset.end).toEqual({ how: 'callerHungUp' });
    expect(run.became).toBe('done');
    expect(given.clock.armed).toBe(0);
  });

  test('hear does not take what ended a moment ago for an answer', async () => {
    const given = givenLine();
    whenFollows(given, [{ hear: 'agent' }, { hearSilence: { ms: 100 } }, { hear: 'agent' }, 'hangUp']);
    given.play(loud(200));
    await given.clock.advance(1_000);
    given.play(loud(200));
    await given.clock.advance(1_000);
    expect(stepTimes(given)).toEqual([0, 20, 300, 1_020]);
  });

  test('say waits until all is said', async () => {
    const given = givenLine();
    whenFollows(given, [{ say: { toneHz: 440, lengthMs: 1_000 } }, { wait: 100 }, 'hangUp']);
    await given.clock.advance(2_000);
    expect(stepTimes(given)).toEqual([0, 1_000, 1_100]);
  });

  test('say with andGoOn does not wait', async () => {
    const given = givenLine();
    whenFollows(given, [{ say: { toneHz: 440, lengthMs: 1_000 }, andGoOn: true }, { wait: 100 }, 'hangUp']);
    await given.clock.advance(2_000);
    expect(stepTimes(given)).toEqual([0, 0, 100]);
  });

  test('press sends one key every 300 ms', async () => {
    const given = givenLine();
    whenFollows(given, [{ press: '12#' }, 'hangUp']);
    await given.clock.advance(2_000);
    expect(
      given.receivedOf('dtmf').map(({ atMs, message }) => [(message['dtmf'] as { digit: string }).digit, atMs]),
    ).toEqual([
      ['1', 0],
      ['2', 300],
      ['#', 600],
    ]);
  });

  test('a service that hangs up on the last key does not fail the step', async () => {
    const given = givenLine();
    const run = whenFollows(given, [{ press: '1' }, 'waitForHangUp']);
    await given.clock.advance(100);
    given.handset.finish({ how: 'serviceHungUp' });
    await given.clock.advance(0);
    expect(run.became).toBe('done');
  });

  test('waitForHangUp is done when the service ends the call', async () => {
    const given = givenLine();
    const run = whenFollows(given, ['waitForHangUp']);
    await given.clock.advance(5_000);
    expect(run.became).toBeUndefined();
    given.handset.finish({ how: 'serviceHungUp' });
    await given.clock.advance(0);
    expect(run.became).toBe('done');
  });

  test('a caller whose script is over hangs up', async () => {
    const given = givenLine();
    whenFollows(given, [{ wait: 20 }]);
    await given.clock.advance(100);
    expect(given.handset.end).toEqual({ how: 'callerHungUp' });
  });
});

describe('failures', () => {
  test('a wait that is not met fails after 20 s, and says which', async () => {
    const given = givenLine();
    const run = whenFollows(given, [{ wait: 100 }, { hear: 'agent' }]);
    await given.clock.advance(20_080);
    expect(run.became).toBeUndefined();
    await given.clock.advance(20);
    expect(run.became).toBe('step 2, the caller waits to hear the agent: not within 20000 ms');
    expect(given.handset.end).toBeUndefined();
  });

  test('withinMs shortens the wait', async () => {
    const given = givenLine();
    const run = whenFollows(given, [{ waitForHangUp: true, withinMs: 500 }]);
    await given.clock.advance(500);
    expect(run.became).toMatch(/not within 500 ms/);
  });

  test('an agent that never falls silent fails hearSilence', async () => {
    const given = givenLine();
    given.play(loud(5_000));
    const run = whenFollows(given, [{ hear: 'agent' }, { hearSilence: { ms: 300 }, withinMs: 1_000 }]);
    await given.clock.advance(1_400);
    expect(run.became).toMatch(/step 2.*not within 1000 ms/);
  });

  test.each([
    ['hear', { hear: 'agent' }],
    ['hearSilence', { hearSilence: { ms: 5_000 } }],
    ['say', { say: { toneHz: 440, lengthMs: 5_000 } }],
    ['wait', { wait: 5_000 }],
    ['press', { press: '11111111' }],
  ])('a call that ends during %s fails the step', async (_verb, step) => {
    const given = givenLine();
    const run = whenFollows(given, [step, 'hangUp']);
    await given.clock.advance(1_000);
    given.handset.finish({ how: 'serviceHungUp' });
    await given.clock.advance(0);
    expect(run.became).toMatch(/^step 1, .*: the call had ended \(serviceHungUp\)$/);
  });
});

describe('the schema', () => {
  test.each([
    ['no step', [], /Too small/],
    ['an unknown word', [{ shout: 'a.wav' }], /Unrecognized key: "shout"/],
    ['a step without a verb', [{ withinMs: 5 }], /exactly one of hear, hearSilence/],
    ['two verbs in one step', [{ wait: 5, press: '1' }], /exactly one of hear, hearSilence/],
    ['andGoOn without say', [{ wait: 5, andGoOn: true }], /andGoOn goes with say only/],
    ['text to say', [{ say: { text: 'Hello' } }], /a sound is the path of a WAV file/],
    ['a key that no phone has', [{ press: '1x' }], /0-9 A-D \* #/],
    ['a length below zero', [{ wait: -1 }], /Too small/],
    ['a bare word that is no step', ['sing'], /expected object/],
  ])('%s is refused with a reason', (_what, script, reason) => {
    const parsed = callScript.safeParse(script);
    expect(parsed.success).toBe(false);
    expect(z.prettifyError(parsed.error!)).toMatch(reason);
  });
});
