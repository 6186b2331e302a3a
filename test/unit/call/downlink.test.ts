/** How the model's sound and words become turns, and what an interruption leaves of them. */
import { expect, test } from 'vitest';
import { type Pcm, pcm, tone } from '../../../src/audio/index.ts';
import { Downlink } from '../../../src/call/downlink.ts';
import { Playout } from '../../../src/call/playout.ts';
import type { PlayedTurn } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function speaking() {
  const clock = new ManualClock();
  const started: number[] = [];
  const ended = new Map<number, PlayedTurn>();
  const silent: number[] = [];
  const sent: number[] = [];
  const marks: string[] = [];
  const playout = new Playout(clock, {
    turnStarted: (turn) => started.push(turn),
    turnEnded: (turn, played) => ended.set(turn, played),
    overflowed: () => undefined,
  });
  playout.attach({
    leadMs: 60_000,
    maxMessageMs: 200,
    play: (samples) => sent.push(...samples),
    mark: (name) => marks.push(name),
    clear: () => undefined,
  });
  const downlink = new Downlink({
    clock,
    playout,
    turnsBefore: 0,
    silentTurn: (turn) => silent.push(turn),
    sounded: () => undefined,
  });
  /** The provider has played everything. */
  const playedOut = (): void => {
    for (const mark of marks.splice(0)) playout.markReached(mark);
  };
  return { clock, downlink, started, ended, silent, playedOut, sent, sentMs: () => sent.length / 8 };
}

const sound = (lengthMs: number): Pcm<24000> => tone({ hz: 440, lengthMs, dbov: -20 }, 24000);

test('a turn goes out at 8 kHz, with the rest of the filter at its end', () => {
  const { downlink, ended, playedOut, sentMs } = speaking();
  downlink.push(sound(300));
  downlink.push(sound(300));
  expect(sentMs()).toBe(600);
  downlink.generationCompleted();
  expect(sentMs()).toBe(602.25);
  downlink.turnCompleted();
  playedOut();
  expect(ended.get(1)).toMatchObject({ generatedMs: 602.25, heardMs: 602.25, cut: false });
});

test('words before the sound, with it, and after its generation belong to the same turn', () => {
  const { downlink, started } = speaking();
  const turns = [downlink.turnOfWords()];
  downlink.push(sound(100));
  turns.push(downlink.turnOfWords());
  downlink.generationCompleted();
  turns.push(downlink.turnOfWords());
  expect(turns).toEqual([1, 1, 1]);
  downlink.turnCompleted();
  downlink.push(sound(100));
  expect(downlink.turnOfWords()).toBe(2);
  expect(started).toEqual([1, 2]);
});

test('words that come long after a turn that was never closed open the next', () => {
  const { clock, downlink } = speaking();
  downlink.push(sound(100));
  downlink.generationCompleted();
  clock.tick(1_001);
  expect(downlink.turnOfWords()).toBe(2);
  downlink.push(sound(100));
  expect(downlink.turnOfWords()).toBe(2);
});

test('sound and words of a cut turn that come late are not heard, until the turn is complete', () => {
  const { downlink, ended, sentMs } = speaking();
  downlink.push(sound(1_000));
  downlink.interrupt();
  expect(ended.get(1)?.cut).toBe(true);
  const before = sentMs();
  downlink.push(sound(200));
  expect(downlink.turnOfWords()).toBeUndefined();
  expect(sentMs()).toBe(before);
  downlink.turnCompleted();
  downlink.push(sound(200));
  expect(sentMs()).toBe(before + 200);
  expect(downlink.turnOfWords()).toBe(2);
});

test('a completion that never comes after an interruption does not leave the agent mute', () => {
  const { clock, downlink, sentMs } = speaking();
  downlink.push(sound(1_000));
  downlink.interrupt();
  const before = sentMs();
  clock.tick(500);
  downlink.push(sound(200));
  expect(sentMs()).toBe(before + 200);
});

test('a turn cut by an interruption leaves nothing of itself in the filter', () => {
  const { downlink, sent } = speaking();
  downlink.push(sound(100));
  downlink.interrupt();
  downlink.turnCompleted();
  const before = sent.length;
  downlink.push(pcm(new Int16Array(2_400), 24000));
  expect(sent.slice(before)).toEqual(new Array(800).fill(0));
});

test('a turn without any sound is told, so that its words do not wait for ever', () => {
  const { downlink, silent } = speaking();
  expect(downlink.turnOfWords()).toBe(1);
  downlink.turnCompleted();
  expect(silent).toEqual([1]);
});

test('sound of our own is a turn of its own, behind what is queued', () => {
  const { downlink, started, ended, playedOut } = speaking();
  downlink.push(sound(300));
  const opened: [turn: number, startedBefore: number[]][] = [];
  const turn = downlink.say(tone({ hz: 440, lengthMs: 500, dbov: -20 }, 8000), (opening) =>
    opened.push([opening, [...started]]),
  );
  expect(turn).toBe(2);
  expect(opened).toEqual([[2, [1]]]);
  expect(started).toEqual([1, 2]);
  playedOut();
  expect(ended.get(1)?.cut).toBe(false);
  expect(ended.get(2)).toMatchObject({ heardMs: 500, cut: false });
});

test('sound of our own is no beginning of the agent’s', () => {
  const { downlink } = speaking();
  downlink.say(tone({ hz: 440, lengthMs: 500, dbov: -20 }, 8000), () => undefined);
  expect(downlink.begun).toBe(false);
  downlink.push(sound(300));
  expect(downlink.begun).toBe(true);
});
