/** What becomes of the caller's voice: sent, held or dropped, with the provider's time line kept. */
import { expect, test } from 'vitest';
import { g711, type Pcm, pcm, tone } from '../../../src/audio/index.ts';
import { LocalTurns } from '../../../src/call/local-turns.ts';
import { Uplink } from '../../../src/call/uplink.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const ulaw = g711('ulaw');
const FRAME_MS = 20;

function listening(maxHeldMs = 5_000) {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const heard: number[] = [];
  const voice: [string, number][] = [];
  const dropped: number[] = [];
  const gaps: number[] = [];
  const uplink = new Uplink({
    clock,
    codec: ulaw,
    maxHeldMs,
    handlers: {
      audio: (samples) => heard.push(...samples),
      voice: (edge, atMs) => voice.push([edge, atMs - startMs]),
      dropped: (lengthMs) => dropped.push(lengthMs),
      gap: (lengthMs) => gaps.push(lengthMs),
    },
  });
  /** Sends 20 ms frames of `samples`, on time, and says where the time line stands afterwards. */
  const say = (samples: Pcm<8000>, flow: 'forward' | 'hold' | 'drop', fromMs = 0): number => {
    for (let at = 0; at < samples.length; at += 160) {
      uplink.push(ulaw.encode(samples.subarray(at, at + 160) as Pcm<8000>), fromMs + at / 8, flow);
      clock.tick(FRAME_MS);
    }
    return fromMs + samples.length / 8;
  };
  return { uplink, heard, voice, dropped, gaps, say };
}

const voiceOf = (lengthMs: number): Pcm<8000> => tone({ hz: 440, lengthMs, dbov: -20 }, 8000);
const silenceOf = (lengthMs: number): Pcm<8000> => pcm(new Int16Array(lengthMs * 8), 8000);

test('sound is sent on at once, twice as many samples', () => {
  const { say, heard } = listening();
  say(voiceOf(200), 'forward');
  expect(heard).toHaveLength(3_200);
});

test('held sound comes out whole and in order when it is released', () => {
  const held = listening();
  const sent = listening();
  held.say(voiceOf(400), 'hold');
  expect(held.heard).toEqual([]);
  held.uplink.release();
  sent.say(voiceOf(400), 'forward');
  expect(held.heard).toEqual(sent.heard);
  expect(held.uplink.summary()).toMatchObject({ heldMs: 400, droppedMs: 0 });
});

test('a full hold gives up its oldest sound and says how much', () => {
  const { say, heard, dropped, uplink } = listening(100);
  const rising = Int16Array.from({ length: 1_600 }, (_, i) => i * 10);
  say(pcm(rising, 8000), 'hold');
  expect(dropped).toEqual(new Array(5).fill(20));
  uplink.release();
  expect(heard).toHaveLength(1_600);
  expect(heard[800]).toBeGreaterThan(8_000);
  expect(uplink.summary()).toMatchObject({ heldMs: 200, droppedMs: 100 });
});

test('sound of a call that is ending goes nowhere', () => {
  const { say, heard, uplink } = listening();
  say(voiceOf(200), 'drop');
  uplink.release();
  expect(heard).toEqual([]);
});

test('a gap in the time line becomes silence of its length', () => {
  const { say, heard, gaps, uplink } = listening();
  const next = say(voiceOf(100), 'forward');
  say(voiceOf(100), 'forward', next + 300);
  expect(heard).toHaveLength((100 + 300 + 100) * 16);
  expect(gaps).toEqual([300]);
  expect(uplink.summary()).toMatchObject({ gaps: 1, gapMs: 300 });
});

test('a long gap is filled with one second only, and counted whole', () => {
  const { say, heard, gaps } = listening();
  const next = say(voiceOf(100), 'forward');
  say(voiceOf(100), 'forward', next + 30_000);
  expect(heard).toHaveLength((100 + 1_000 + 100) * 16);
  expect(gaps).toEqual([30_000]);
});

test('time stamps that jitter by a frame, or repeat, are no gap', () => {
  const { uplink, heard, gaps } = listening();
  for (const stampMs of [5, 25, 46, 66, 86, 86, 110]) uplink.push(new Uint8Array(160).fill(0xff), stampMs, 'forward');
  expect(gaps).toEqual([]);
  expect(heard).toHaveLength(7 * 320);
});

test("a stream that starts late in the provider's time has no gap before it", () => {
  const { uplink, gaps } = listening();
  uplink.push(new Uint8Array(160).fill(0xff), 4_000, 'forward');
  expect(gaps).toEqual([]);
});

test("the caller's voice is timed to where it began and ended, not to when that was noticed", () => {
  const { say, voice } = listening();
  let at = say(silenceOf(400), 'forward');
  at = say(voiceOf(1_000), 'forward', at);
  say(silenceOf(600), 'forward', at);
  expect(voice.map(([edge]) => edge)).toEqual(['started', 'ended']);
  expect(Math.abs(voice[0]![1] - 400)).toBeLessThanOrEqual(40);
  expect(Math.abs(voice[1]![1] - 1_400)).toBeLessThanOrEqual(40);
});

test('with local turns the model gets speech only, with what came just before, between its edges', () => {
  const said: string[] = [];
  let samples = 0;
  const turns = new LocalTurns(500, {
    sendAudio: (piece) => {
      samples += piece.length;
      if (said.at(-1) !== 'audio') said.push('audio');
    },
    sendActivity: (edge) => said.push(edge),
  });
  const push = (sound: Pcm<16000>): void => {
    for (let at = 0; at < sound.length; at += 320) turns.push(sound.subarray(at, at + 320) as Pcm<16000>);
  };
  push(pcm(new Int16Array(16_000), 16000));
  push(tone({ hz: 440, lengthMs: 1_000, dbov: -20 }, 16000));
  push(pcm(new Int16Array(32_000), 16000));
  expect(said).toEqual(['started', 'audio', 'ended']);
  turns.restart();
  expect(said).toHaveLength(3);
  // A second of voice, some 200 ms before it, and the half second of quiet that ended it.
  expect(samples / 16).toBeGreaterThanOrEqual(1_000 + 150 + 400);
  expect(samples / 16).toBeLessThanOrEqual(1_000 + 300 + 600);
});

test('with local turns a new socket is told of speech that began on the last one', () => {
  const said: string[] = [];
  const turns = new LocalTurns(500, { sendAudio: () => undefined, sendActivity: (edge) => said.push(edge) });
  const voice = tone({ hz: 440, lengthMs: 500, dbov: -20 }, 16000);
  for (let at = 0; at < voice.length; at += 320) turns.push(voice.subarray(at, at + 320) as Pcm<16000>);
  turns.restart();
  expect(said).toEqual(['started', 'started']);
});
