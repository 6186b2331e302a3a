/** When a caller who says nothing is asked, when they are said goodbye to, and when nobody is to be asked. */
import { describe, expect, test } from 'vitest';
import { Idle, type IdleSettings, type Stillness } from '../../../src/call/idle.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const TICK_MS = 100;
const QUIET: Stillness = { agentSounds: false, callerSpeaks: false, excused: false, leaving: false };
const AGENT: Stillness = { ...QUIET, agentSounds: true };
const EXCUSED: Stillness = { ...QUIET, excused: true };
const LEAVING: Stillness = { ...EXCUSED, leaving: true };

function given(settings: IdleSettings | 'off' = { askAfterMs: 12_000, times: 2 }, silenceMs = 120_000) {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const steps: (readonly [atMs: number, step: string])[] = [];
  const told: string[] = [];
  const collector = { event: (_atMs: number, code: string) => told.push(code) };
  const agent = { idle: settings === 'off' ? undefined : settings, limits: { silenceMs } };
  const idle = new Idle(agent, { clock, collector });
  const pass = (lengthMs: number, stillness: Stillness = QUIET): void => {
    for (let passedMs = 0; passedMs < lengthMs; passedMs += TICK_MS) {
      clock.tick(TICK_MS);
      const step = idle.look(stillness);
      if (step !== undefined) steps.push([clock.nowMs() - startMs, step]);
    }
  };
  /** The caller's voice began or ended, so long ago. */
  const voice = (agoMs = 0): void => idle.voice(clock.nowMs() - agoMs);
  return { idle, steps, told, pass, voice };
}

test('a caller who says nothing is asked twice, each time after twelve seconds without a sound, then said goodbye to', () => {
  const { steps, told, pass } = given();
  pass(3_000, AGENT);
  pass(12_500);
  pass(1_500, AGENT);
  pass(12_500);
  pass(1_500, AGENT);
  pass(12_500);
  expect(steps).toEqual([
    [15_000, 'ask'],
    [29_000, 'ask'],
    [43_000, 'goodbye'],
  ]);
  expect(told).toEqual(['SILENCE', 'SILENCE', 'SILENCE']);
});

test('an agent that does not say what it was told is told again, and no sooner', () => {
  const { steps, pass } = given();
  pass(37_000);
  expect(steps.map(([atMs]) => atMs)).toEqual([12_000, 24_000, 36_000]);
});

describe('it begins anew', () => {
  const askedTwice = () => {
    const all = given();
    all.pass(24_000);
    expect(all.steps).toHaveLength(2);
    return all;
  };

  test('when the caller speaks', () => {
    const { steps, pass, voice } = askedTwice();
    pass(1_000);
    voice();
    pass(300, { ...QUIET, callerSpeaks: true });
    pass(12_100);
    expect(steps.at(-1)).toEqual([37_300, 'ask']);
  });

  test.each(['callerActs', 'agentStopped'] as const)(
    'when the caller presses a key, or stops the agent (%s)',
    (how) => {
      const { idle, steps, pass } = askedTwice();
      pass(1_000, AGENT);
      idle[how]();
      pass(12_000);
      expect(steps.at(-1)).toEqual([37_000, 'ask']);
    },
  );

  test('but not when the voice may be the echo of the agent’s own', () => {
    const { steps, pass, voice } = askedTwice();
    pass(1_000, AGENT);
    voice();
    // Its end shows a moment after it.
    pass(600);
    voice(200);
    pass(12_100);
    expect(steps.at(-1)?.[1]).toBe('goodbye');
  });
});

describe('who is asked and said goodbye to twice, and is not heard in the silence between, is hung up on', () => {
  const TWICE = ['ask', 'ask', 'goodbye', 'ask', 'ask', 'goodbye'];
  /** The agent says what it was told, and the line brings it back until after that. */
  const withEcho = (also: (given: ReturnType<typeof askingSoon>) => void = () => undefined) => {
    const all = askingSoon();
    for (let times = 0; times < 10 && all.steps.at(-1)?.[1] !== 'hangUp'; times++) {
      all.pass(6_000);
      all.pass(1_000, { ...AGENT, callerSpeaks: true });
      all.voice();
      also(all);
      all.pass(600, { ...QUIET, callerSpeaks: true });
      all.voice(200);
    }
    return all.steps.map(([, step]) => step);
  };
  const askingSoon = () => given({ askAfterMs: 6_000, times: 2 });

  test('though what they hear comes back', () => {
    expect(withEcho()).toEqual([...TWICE, 'hangUp']);
  });

  test('though it stops the agent each time', () => {
    expect(withEcho(({ idle }) => idle.agentStopped())).toEqual([...TWICE.map(() => 'ask'), 'hangUp']);
  });

  test('and nobody who answers', () => {
    const { steps, pass, voice } = askingSoon();
    for (let times = 0; times < 10; times++) {
      pass(6_000);
      pass(1_000, AGENT);
      pass(1_000);
      voice();
    }
    expect(steps.map(([, step]) => step)).toEqual(Array.from({ length: 10 }, () => 'ask'));
  });
});

test('a caller who speaks for long is not asked in the middle of it, nor hung up on', () => {
  const { steps, pass } = given({ askAfterMs: 12_000, times: 1 }, 20_000);
  pass(40_000, { ...QUIET, callerSpeaks: true });
  expect(steps).toEqual([]);
});

describe('nobody is asked', () => {
  test('while the agent works or owes an answer, and then not before it has waited', () => {
    const { steps, pass } = given();
    pass(30_000, EXCUSED);
    expect(steps).toEqual([]);
    pass(12_000);
    expect(steps).toEqual([[42_000, 'ask']]);
  });

  test('where it is off', () => {
    const { steps, pass } = given('off');
    pass(119_000);
    expect(steps).toEqual([]);
  });
});

test('the limit of silence ends the call though nobody asks, and though the agent is excused', () => {
  const { steps, pass } = given('off', 30_000);
  pass(5_000, AGENT);
  pass(40_000, EXCUSED);
  expect(steps).toEqual([[35_100, 'hangUp']]);
});

test('an agent that leaves has its own deadline: the limit of silence is counted from when it stays after all', () => {
  const { steps, told, pass } = given('off', 5_000);
  pass(45_000, LEAVING);
  expect([steps, told]).toEqual([[], []]);
  pass(6_000, EXCUSED);
  expect(steps).toEqual([[50_100, 'hangUp']]);
});
