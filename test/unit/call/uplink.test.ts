/** What becomes of the caller's voice: sent, held or dropped, with the provider's time line kept. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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
      sound: () => undefined,
      audio: (samples) => heard.push(...samples),
      voice: (edge, atMs) => voice.push([edge, atMs - startMs]),
      dropped: (lengthMs) => dropped.push(lengthMs),
      gap: (lengthMs) => gaps.push(lengthMs),
    },
  });
  /** Sends 20 ms frames of `samples`, on time, and says where the time line stands afterwards. */
  const say = (samples: Pcm<8000>, flow: 'forward' | 'hold' | 'drop', fromMs = 0): number => {
    for (let at = 0; at < samples.length; at += 160) {
      clock.tick(FRAME_MS);
      uplink.push(ulaw.encode(samples.subarray(at, at + 160) as Pcm<8000>), placed(fromMs + at / 8), flow);
    }
    return fromMs + samples.length / 8;
  };
  return { clock, uplink, heard, voice, dropped, gaps, say };
}

const placed = (timestampMs: number | undefined, missedFrames = 0) => ({ timestampMs, missedFrames });
const QUIET_FRAME = new Uint8Array(160).fill(0xff);

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
  const { clock, say, heard, gaps, uplink } = listening();
  const next = say(voiceOf(100), 'forward');
  clock.tick(300);
  say(voiceOf(100), 'forward', next + 300);
  expect(heard).toHaveLength((100 + 300 + 100) * 16);
  expect(gaps).toEqual([300]);
  expect(uplink.summary()).toMatchObject({ gaps: 1, gapMs: 300 });
});

test('a long gap is filled with one second only, and counted whole', () => {
  const { clock, say, heard, gaps } = listening();
  const next = say(voiceOf(100), 'forward');
  clock.tick(30_000);
  say(voiceOf(100), 'forward', next + 30_000);
  expect(heard).toHaveLength((100 + 1_000 + 100) * 16);
  expect(gaps).toEqual([30_000]);
});

test('time stamps that jitter by a frame, or repeat, are no gap', () => {
  const { uplink, heard, gaps } = listening();
  for (const stampMs of [5, 25, 46, 66, 86, 86, 110]) uplink.push(QUIET_FRAME, placed(stampMs), 'forward');
  expect(gaps).toEqual([]);
  expect(heard).toHaveLength(7 * 320);
});

test("a stream that starts late in the provider's time has no gap before it", () => {
  const { uplink, gaps } = listening();
  uplink.push(QUIET_FRAME, placed(4_000), 'forward');
  expect(gaps).toEqual([]);
});

describe('the time line', () => {
  /** Frames of silence, one every 20 ms of the clock, with these stamps; says how much reached the model, in ms. */
  function heardOf(stamps: readonly (number | undefined)[], missed: readonly number[] = []): number {
    const { clock, uplink, heard } = listening();
    for (const [index, stampMs] of stamps.entries()) {
      clock.tick(FRAME_MS);
      uplink.push(QUIET_FRAME, placed(stampMs, missed[index]), 'forward');
    }
    return heard.length / 16;
  }

  test('of a provider without stamps is kept by the frames that it says to have sent', () => {
    const { clock, uplink, heard, gaps } = listening();
    uplink.push(QUIET_FRAME, placed(undefined), 'forward');
    clock.tick(120);
    uplink.push(QUIET_FRAME, placed(undefined, 5), 'forward');
    expect(heard.length / 16).toBe(140);
    expect(gaps).toEqual([100]);
  });

  test('goes by the stamps where they and the counters disagree', () => {
    expect(heardOf([0, 20, 40, 60], [0, 0, 7, 0])).toBe(80);
  });

  test.each<[string, number[]]>([
    ['run backwards', Array.from({ length: 100 }, (_, i) => 100_000 - 20 * i)],
    ['stand still', new Array<number>(100).fill(500)],
    ['begin anew', Array.from({ length: 100 }, (_, i) => 20 * (i < 50 ? i : i - 50))],
    ['go back by ten seconds and on', Array.from({ length: 100 }, (_, i) => 20 * i + (i < 50 ? 20_000 : 10_000))],
    ['are overtaken', [0, 20, 60, 40, 80, 100, 140, 120, 160, 180]],
  ])('has no silence put in by stamps that %s', (_how, stamps) => {
    // A frame that was overtaken leaves a gap of its own length, for as long as it is not there.
    expect(heardOf(stamps)).toBeLessThanOrEqual(stamps.length * FRAME_MS + 40);
  });

  test.each<[string, number[]]>([
    ['jump by an hour', [0, 20, 3_600_000, 3_600_020]],
    ['jump to and fro', Array.from({ length: 100 }, (_, i) => (i % 2) * 999_999_999_999_999)],
    ['count samples instead of milliseconds', Array.from({ length: 100 }, (_, i) => 160 * i)],
    ['jump by a second each time', Array.from({ length: 100 }, (_, i) => 1_020 * i)],
  ])('gains no more than half a second by stamps that %s', (_how, stamps) => {
    expect(heardOf(stamps)).toBeLessThanOrEqual(stamps.length * FRAME_MS + 500);
  });

  test('has nothing put in and nothing left out by frames that come bunched', () => {
    const { clock, uplink, heard, gaps } = listening();
    for (let bunch = 0; bunch < 20; bunch++) {
      clock.tick(80);
      for (let i = 0; i < 4; i++) uplink.push(QUIET_FRAME, placed(bunch * 80 + i * 20), 'forward');
      uplink.tick('forward');
    }
    expect(heard.length / 16).toBe(1_600);
    expect(gaps).toEqual([]);
  });

  test('goes on by the clock when nothing comes for a tenth of a second', () => {
    const { clock, uplink, heard, say } = listening();
    say(voiceOf(400), 'forward');
    clock.tick(90);
    uplink.tick('forward');
    expect(heard.length / 16).toBe(400);
    for (let passedMs = 100; passedMs <= 2_000; passedMs += 100) {
      clock.tick(passedMs === 100 ? 10 : 100);
      uplink.tick('forward');
    }
    // All but the frame that may be under way.
    expect(heard.length / 16).toBe(2_380);
    expect(uplink.quietMs).toBe(2_000);
  });

  test('and the silence of the clock counts against the gap that the stamps tell of afterwards', () => {
    const { clock, uplink, heard, say, gaps } = listening();
    const nextMs = say(voiceOf(400), 'forward');
    for (let i = 0; i < 5; i++) {
      clock.tick(100);
      uplink.tick('forward');
    }
    clock.tick(60);
    say(voiceOf(100), 'forward', nextMs + 560);
    expect(heard.length / 16).toBe(400 + 560 + 100);
    expect(gaps).toEqual([560]);
  });

  test('is not doubled when the frames come after all: what is silent of them is left out, what was said is not', () => {
    const { clock, uplink, heard, say } = listening();
    const nextMs = say(silenceOf(400), 'forward');
    for (let i = 0; i < 5; i++) {
      clock.tick(100);
      uplink.tick('forward');
    }
    const words = voiceOf(200);
    for (let i = 0; i < 25; i++) {
      const said = i < 10 ? words.subarray(i * 160, (i + 1) * 160) : new Int16Array(160);
      uplink.push(ulaw.encode(said as Pcm<8000>), placed(nextMs + i * 20), 'forward');
    }
    const loud = heard.filter((sample) => Math.abs(sample) > 1_000).length / 16;
    expect(loud).toBeGreaterThan(120);
    // The 200 ms that were said, and the pause in which the gate still believes in speech, come on top.
    expect(heard.length / 16).toBeLessThanOrEqual(400 + 500 + 200 + 220);
  });

  test('is not carried on while sound is held: silence would push out what the caller said', () => {
    const { clock, uplink, say } = listening(500);
    say(voiceOf(400), 'hold');
    for (let i = 0; i < 20; i++) {
      clock.tick(100);
      uplink.tick('hold');
    }
    expect(uplink.summary()).toMatchObject({ heldMs: 400, droppedMs: 0 });
  });

  /** What befalls a stretch of the caller's sound, in whole frames. */
  const spell = fc.oneof(
    fc.record({ kind: fc.constant('plain' as const), frames: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ kind: fc.constant('lost' as const), frames: fc.integer({ min: 2, max: 45 }) }),
    fc.record({ kind: fc.constant('bunched' as const), frames: fc.integer({ min: 1, max: 80 }) }),
  );

  test('is as long for the model as for the caller, whatever is lost or bunched on the way', () => {
    fc.assert(
      fc.property(
        fc.array(spell, { maxLength: 20 }),
        fc.integer({ min: 0, max: 1_000_000 }),
        (spells, firstStampMs) => {
          const clock = new ManualClock();
          let heardSamples = 0;
          const handlers = {
            sound: () => undefined,
            audio: (samples: Pcm<16000>) => {
              heardSamples += samples.length;
            },
            voice: () => undefined,
            dropped: () => undefined,
            gap: () => undefined,
          };
          const uplink = new Uplink({ clock, codec: ulaw, maxHeldMs: 5_000, handlers });
          let sentMs = 0;
          const pass = (): void => {
            clock.tick(FRAME_MS);
            sentMs += FRAME_MS;
            if (sentMs % 100 === 0) uplink.tick('forward');
          };
          const arrive = (atMs: number): void => uplink.push(QUIET_FRAME, placed(firstStampMs + atMs), 'forward');
          arrive(0);
          for (const { kind, frames } of [...spells, { kind: 'plain' as const, frames: 2 }]) {
            const fromMs = sentMs;
            for (let i = 0; i < frames; i++) {
              pass();
              if (kind === 'plain') arrive(sentMs);
            }
            if (kind === 'bunched') for (let i = 1; i <= frames; i++) arrive(fromMs + i * FRAME_MS);
          }
          expect(heardSamples / 16).toBe(sentMs + FRAME_MS);
        },
      ),
      { numRuns: 100 },
    );
  });
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
