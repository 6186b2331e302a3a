/** Each way in which an agent can be mute while connected, and each in which it is rightly silent. */
import { describe, expect, test } from 'vitest';
import type { Likeness } from '../../../src/audio/index.ts';
import type { Patience } from '../../../src/call/patience.ts';
import { Watchdog } from '../../../src/call/watchdog.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const PATIENCE: Patience = { answerMs: 4_000, stallMs: 3_000, nudgeMs: 4_000, resumeMs: 4_000, afreshMs: 4_000 };
/** 600 ms of silence and what the service takes on top. */
const DETECTION_MS = 1_000;
const TICK_MS = 100;
const COMPLETE = { reason: undefined, idle: true };

const like = (kind: Likeness['kind'], lastedMs = 200): Likeness => ({ kind, lastedMs });

function given(options: { readonly patience?: Patience | undefined; readonly mayStaySilent?: boolean } = {}) {
  const { patience, mayStaySilent = false } = { patience: PATIENCE, ...options };
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const line = { talking: true };
  const rungs: (readonly [atMs: number, rung: string, why: string])[] = [];
  const watchdog = new Watchdog({
    clock,
    patience,
    silenceMs: 600,
    mayStaySilent,
    talking: () => line.talking,
    rung: (rung, why) => rungs.push([clock.nowMs() - startMs, rung, why]),
  });
  const pass = (lengthMs: number): void => {
    for (let passedMs = 0; passedMs < lengthMs; passedMs += TICK_MS) {
      clock.tick(TICK_MS);
      watchdog.tick();
    }
  };
  const callerSays = (lengthMs: number): void => {
    watchdog.callerVoice('started', clock.nowMs());
    pass(lengthMs);
    watchdog.callerVoice('ended', clock.nowMs());
  };
  /** Comes at once, as the service sends it, and is heard as long as it lasts. */
  const agentSays = (lengthMs: number): void => {
    for (let saidMs = 0; saidMs < lengthMs; saidMs += 200) watchdog.agentSound(like('speech'), 200);
  };
  const answer = (lengthMs: number): void => {
    agentSays(lengthMs);
    watchdog.generationCompleted();
    pass(lengthMs);
    watchdog.turnCompleted(COMPLETE);
  };
  return { watchdog, clock, line, rungs, pass, callerSays, agentSays, answer };
}

describe('an agent that is mute', () => {
  test('after the caller’s turn is nudged, then resumed, then begun afresh, then given up, each in its time', () => {
    const { watchdog, rungs, pass, callerSays } = given();
    callerSays(1_000);
    pass(1_200);
    watchdog.callerUnderstood();
    pass(30_000);
    expect(rungs).toEqual([
      [1_000 + DETECTION_MS + 4_000, 'nudge', 'noAnswer'],
      [10_000, 'resume', 'noFrame'],
      [14_000, 'afresh', 'noFrame'],
      [18_000, 'goodbye', 'noFrame'],
    ]);
  });

  test('and of which no frame comes at all is found out by the caller’s voice alone', () => {
    const { rungs, pass, callerSays } = given();
    callerSays(700);
    pass(10_000);
    expect(rungs[0]).toEqual([700 + DETECTION_MS + 4_000, 'nudge', 'noFrame']);
  });

  test('is not waited for any longer because the caller asks “hello?” every other second', () => {
    const { rungs, callerSays, pass } = given();
    callerSays(1_000);
    for (let i = 0; i < 6 && rungs.length === 0; i++) {
      pass(2_000);
      callerSays(400);
    }
    expect(rungs[0]?.[0]).toBeLessThan(14_000);
  });

  test('after a turn that the service never completed, though the next one comes empty, is nudged', () => {
    const { watchdog, rungs, pass, agentSays, callerSays } = given();
    agentSays(2_000);
    watchdog.generationCompleted();
    pass(2_000);
    callerSays(700);
    pass(1_000);
    watchdog.callerUnderstood();
    watchdog.turnCompleted(COMPLETE);
    pass(10_000);
    expect(rungs[0]).toEqual([2_700 + DETECTION_MS + 4_000, 'nudge', 'noAnswer']);
  });

  test('when it should greet is told so again', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.asked();
    pass(5_000);
    expect(rungs).toEqual([[4_000, 'nudge', 'noFrame']]);
    expect(watchdog.everSpoke).toBe(false);
    expect(watchdog.climbing).toBe(true);
  });

  test('with words but without a sound is mute', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.asked();
    watchdog.agentWords();
    pass(5_000);
    expect(rungs).toEqual([[4_000, 'nudge', 'noAnswer']]);
  });

  test('whose turn comes back empty is nudged at once', () => {
    const { watchdog, rungs, pass, callerSays } = given();
    callerSays(1_000);
    pass(1_500);
    watchdog.callerUnderstood();
    watchdog.turnCompleted({ reason: 'RESPONSE_REJECTED', idle: true });
    pass(2_000);
    expect(rungs).toEqual([[expect.any(Number), 'nudge', 'emptyTurn']]);
    expect(rungs[0]![0]).toBeLessThanOrEqual(4_000);
  });

  test('with sound of nearly no amplitude is nudged when two seconds of it have come', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.asked();
    for (let lastedMs = 200; lastedMs <= 2_000; lastedMs += 200) watchdog.agentSound(like('silence', lastedMs), 200);
    pass(1_000);
    expect(rungs).toEqual([[500, 'nudge', 'nearSilent']]);
  });

  test('with one inaudible word is nudged when its turn is over', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.asked();
    watchdog.agentSound(like('silence', 600), 600);
    watchdog.generationCompleted();
    watchdog.turnCompleted(COMPLETE);
    pass(1_000);
    expect(rungs).toEqual([[500, 'nudge', 'nearSilent']]);
  });

  test('with a steady tone is nudged though the tone would go on playing', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.asked();
    for (let lastedMs = 200; lastedMs <= 8_000; lastedMs += 200) {
      watchdog.agentSound(lastedMs < 1_000 ? like('unclear') : like('tone', lastedMs), 200);
    }
    watchdog.generationCompleted();
    pass(1_000);
    expect(rungs).toEqual([[500, 'nudge', 'steadyTone']]);
  });

  test('that stops in mid-sentence is nudged when what came of it has been heard', () => {
    const { rungs, pass, agentSays } = given();
    agentSays(2_000);
    pass(8_000);
    expect(rungs).toEqual([[2_000 + 3_000, 'nudge', 'stalled']]);
  });

  test('that freezes after an interruption is nudged once the caller has been silent for the agreed time', () => {
    const { watchdog, rungs, pass, callerSays, agentSays } = given();
    agentSays(5_000);
    pass(1_000);
    watchdog.bargedIn();
    watchdog.turnCompleted(COMPLETE);
    callerSays(2_000);
    pass(6_000);
    expect(rungs).toEqual([[3_000 + DETECTION_MS + 4_000, 'nudge', 'interrupted']]);
  });

  test('after an interruption that nobody made is nudged', () => {
    const { watchdog, rungs, pass, agentSays } = given();
    agentSays(5_000);
    watchdog.bargedIn();
    pass(6_000);
    expect(rungs).toEqual([[DETECTION_MS + 4_000, 'nudge', 'interrupted']]);
  });

  test('when a tool has been answered is mute', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.toolsCalled(['a']);
    watchdog.generationCompleted();
    watchdog.turnCompleted(COMPLETE);
    pass(10_000);
    watchdog.toolsAnswered(['a']);
    pass(5_000);
    expect(rungs).toEqual([[14_000, 'nudge', 'noFrame']]);
  });

  test('whose tool never answers is left alone for a minute, and no longer', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.asked();
    watchdog.toolsCalled(['a']);
    pass(59_000);
    expect(rungs).toEqual([]);
    pass(6_000);
    expect(rungs).toHaveLength(1);
  });

  test('whose sentence was cut by a lost session is nudged when the new one does not go on with it', () => {
    const { watchdog, line, rungs, pass, agentSays } = given();
    agentSays(1_000);
    line.talking = false;
    pass(10_000);
    expect(rungs).toEqual([]);
    line.talking = true;
    watchdog.sessionReady('resumed');
    pass(4_000);
    expect(rungs).toEqual([[13_000, 'nudge', 'stalled']]);
  });

  test('that speaks after a rung begins with the first one next time', () => {
    const { watchdog, rungs, pass, answer } = given();
    watchdog.asked();
    pass(9_000);
    expect(rungs.map(([, rung]) => rung)).toEqual(['nudge', 'resume']);
    answer(1_000);
    watchdog.asked();
    pass(4_500);
    expect(rungs.map(([, rung]) => rung)).toEqual(['nudge', 'resume', 'nudge']);
  });

  test('that answers each rung with a tone goes on up the ladder all the same', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.asked();
    pass(4_500);
    for (let lastedMs = 200; lastedMs <= 4_000; lastedMs += 200) {
      watchdog.agentSound(lastedMs < 1_000 ? like('unclear') : like('tone', lastedMs), 200);
    }
    pass(5_000);
    expect(rungs.map(([, rung]) => rung)).toEqual(['nudge', 'resume']);
  });

  test('whose turn never closes can still be found mute in the next', () => {
    const { watchdog, rungs, pass, callerSays, agentSays } = given();
    agentSays(1_000);
    watchdog.generationCompleted();
    pass(20_000);
    expect(rungs).toEqual([]);
    callerSays(1_000);
    pass(6_000);
    expect(rungs).toHaveLength(1);
  });

  test('while it thinks aloud owes the answer that it announced', () => {
    const { watchdog, rungs, pass, agentSays } = given();
    agentSays(1_000);
    watchdog.generationCompleted();
    pass(1_000);
    watchdog.turnCompleted({ reason: undefined, idle: false });
    pass(5_000);
    expect(rungs).toEqual([[5_000, 'nudge', 'noFrame']]);
  });
});

describe('an agent is left alone', () => {
  test('when nothing was asked of it', () => {
    const { watchdog, rungs, pass } = given();
    watchdog.sessionReady('new');
    pass(60_000);
    expect(rungs).toEqual([]);
  });

  test('when it has answered and waits for the caller', () => {
    const { rungs, pass, callerSays, answer } = given();
    callerSays(2_000);
    pass(1_500);
    answer(3_000);
    pass(60_000);
    expect(rungs).toEqual([]);
  });

  test('while the caller speaks, however long, with pauses for breath', () => {
    const { watchdog, rungs, pass, callerSays } = given();
    for (let i = 0; i < 20; i++) {
      callerSays(2_000);
      pass(1_200);
      if (i === 3) watchdog.callerUnderstood();
    }
    expect(rungs).toEqual([]);
    pass(3_000);
    expect(rungs).toEqual([]);
  });

  test('while the caller adds something long to what was not answered yet', () => {
    const { watchdog, rungs, pass, callerSays } = given();
    callerSays(1_000);
    watchdog.callerUnderstood();
    pass(2_000);
    callerSays(10_000);
    expect(rungs).toEqual([]);
  });

  test('while it is still being heard, when generation ended long ago or goes on', () => {
    const { rungs, pass, agentSays } = given();
    agentSays(30_000);
    pass(30_000);
    expect(rungs).toEqual([]);
  });

  test('while what a broken stream did not bring is heard on the next one', () => {
    const { watchdog, line, rungs, pass, agentSays } = given();
    agentSays(20_000);
    watchdog.generationCompleted();
    watchdog.turnCompleted(COMPLETE);
    pass(5_000);
    line.talking = false;
    pass(16_000);
    line.talking = true;
    watchdog.heardAgain(15_000);
    pass(15_000 + 3_800);
    expect(rungs).toEqual([]);
    pass(200);
    expect(rungs).toEqual([[39_900, 'nudge', 'noFrame']]);
  });

  test('when the caller coughs, and the model makes nothing of it', () => {
    const { watchdog, rungs, pass, callerSays } = given();
    callerSays(300);
    pass(1_500);
    watchdog.turnCompleted(COMPLETE);
    pass(30_000);
    expect(rungs).toEqual([]);
  });

  test('when the caller says “mhm” while it speaks', () => {
    const { watchdog, rungs, pass, callerSays, agentSays } = given();
    agentSays(6_000);
    callerSays(700);
    watchdog.callerUnderstood();
    watchdog.generationCompleted();
    pass(5_300);
    watchdog.turnCompleted(COMPLETE);
    pass(30_000);
    expect(rungs).toEqual([]);
  });

  test('when the words of the caller’s turn come after the answer to it', () => {
    const { watchdog, rungs, pass, callerSays, answer } = given();
    callerSays(1_000);
    pass(1_200);
    answer(600);
    watchdog.callerUnderstood();
    pass(30_000);
    expect(rungs).toEqual([]);
  });

  test('when the model says that it needs to hear more, for twice as long as any answer may take', () => {
    const { watchdog, rungs, pass, callerSays } = given();
    callerSays(1_000);
    pass(1_200);
    watchdog.turnCompleted({ reason: 'NEED_MORE_INPUT', idle: true });
    pass(7_900);
    expect(rungs).toEqual([]);
    pass(200);
    expect(rungs).toEqual([[2_200 + 8_000, 'nudge', 'noAnswer']]);
  });

  test('while there is no session to speak through', () => {
    const { line, rungs, pass, callerSays } = given();
    callerSays(1_000);
    line.talking = false;
    pass(30_000);
    expect(rungs).toEqual([]);
  });

  test('after one nudge, when it may stay silent and shows that it lives', () => {
    const { watchdog, rungs, pass, callerSays } = given({ mayStaySilent: true });
    callerSays(1_000);
    watchdog.callerUnderstood();
    pass(6_000);
    watchdog.frame();
    pass(60_000);
    expect(rungs.map(([, rung]) => rung)).toEqual(['nudge']);
  });

  test('when it comes with an empty turn that answers nothing', () => {
    const { watchdog, rungs, pass, answer } = given();
    answer(1_000);
    watchdog.turnCompleted(COMPLETE);
    pass(30_000);
    expect(rungs).toEqual([]);
  });

  test('when its settings say that nobody watches', () => {
    const { watchdog, rungs, pass } = given({ patience: undefined });
    watchdog.asked();
    watchdog.agentSound(like('speech'), 200);
    pass(60_000);
    expect(rungs).toEqual([]);
  });
});

describe('a caller whose session breaks', () => {
  test('waits for the answer to a turn that was over before', () => {
    const { watchdog, clock, callerSays, pass, answer } = given();
    callerSays(1_000);
    const brokenAtMs = clock.nowMs();
    // So soon after the last word, it may be a pause.
    expect(watchdog.callerWaitsSince(brokenAtMs)).toBe(false);
    pass(DETECTION_MS);
    expect(watchdog.callerWaitsSince(brokenAtMs)).toBe(true);
    expect(watchdog.callerWaitsSince(brokenAtMs - 1)).toBe(false);
    answer(1_000);
    expect(watchdog.callerWaitsSince(brokenAtMs)).toBe(false);
  });

  test('will be answered by whoever hears what was said meanwhile', () => {
    const { watchdog, clock, callerSays, pass } = given();
    callerSays(1_000);
    pass(DETECTION_MS);
    const brokenAtMs = clock.nowMs();
    callerSays(300);
    pass(2_000);
    expect(watchdog.callerWaitsSince(brokenAtMs)).toBe(false);
  });

  test('waits for nothing when only the greeting is missing', () => {
    const { watchdog, clock, pass } = given();
    watchdog.asked();
    pass(2_000);
    expect(watchdog.callerWaitsSince(clock.nowMs())).toBe(false);
  });
});
