/** What the model hears of a caller who speaks while the agent does. */
import { describe, expect, test } from 'vitest';
import { type Pcm, pcm, rmsDbov, tone } from '../../../src/audio/index.ts';
import { CallerGuard } from '../../../src/call/caller-guard.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const FRAME_MS = 20;
const VOICE_DBOV = -20;
const ECHO_DBOV = -35;
const LOUD_DBOV = -60;

function given(maxKeptMs = 5_000) {
  const clock = new ManualClock();
  const agent = {
    sounding: false,
    isProtected: false,
    // The agent's voice may come back as loud as that.
    mayBe: (samples: Pcm<8000>) => rmsDbov(samples) <= ECHO_DBOV,
  };
  const guard = new CallerGuard({ clock, agent, maxKeptMs });
  let samplesIn = 0;
  /** What came through, a piece each: how long ago it was when it did, and whether there was anything in it. */
  const passed: { agoMs: number; loud: boolean; length: number }[] = [];
  const say = (lengthMs: number, dbov: number | undefined): void => {
    for (let saidMs = 0; saidMs < lengthMs; saidMs += FRAME_MS) {
      clock.tick(FRAME_MS);
      const samples =
        dbov === undefined ? pcm(new Int16Array(160), 8000) : tone({ hz: 440, lengthMs: FRAME_MS, dbov }, 8000);
      samplesIn += samples.length;
      guard.push(samples, (each, agoMs) =>
        passed.push({ agoMs, loud: rmsDbov(each) > LOUD_DBOV, length: each.length }),
      );
    }
  };
  const loudMs = () => passed.filter(({ loud }) => loud).length * FRAME_MS;
  const liveMs = () => passed.filter(({ agoMs }) => agoMs === 0).reduce((sum, { length }) => sum + length / 8, 0);
  return { agent, say, passed, loudMs, liveMs, saidMs: () => samplesIn / 8 };
}

test('everything is heard while the agent is silent', () => {
  const { say, passed, loudMs } = given();
  say(200, undefined);
  say(500, VOICE_DBOV);
  expect(loudMs()).toBe(500);
  expect(passed.every(({ agoMs }) => agoMs === 0)).toBe(true);
});

describe('while a protected turn is heard', () => {
  const protectedCall = (maxKeptMs?: number) => {
    const all = given(maxKeptMs);
    all.agent.sounding = true;
    all.agent.isProtected = true;
    all.say(500, undefined);
    return all;
  };
  const end = ({ agent }: ReturnType<typeof given>): void => {
    agent.isProtected = false;
    agent.sounding = false;
  };

  test('the model gets silence of the same length', () => {
    const { say, loudMs, liveMs, saidMs } = protectedCall();
    say(2_000, VOICE_DBOV);
    expect(loudMs()).toBe(0);
    expect(liveMs()).toBe(saidMs());
  });

  test('who fell silent before its end is not heard', () => {
    const call = protectedCall();
    call.say(1_500, VOICE_DBOV);
    call.say(1_000, undefined);
    end(call);
    call.say(1_000, undefined);
    expect(call.loudMs()).toBe(0);
  });

  test('who is speaking at its end is heard from the beginning of the sentence, in order', () => {
    const call = protectedCall();
    call.say(800, VOICE_DBOV);
    call.say(400, undefined);
    call.say(800, VOICE_DBOV);
    end(call);
    call.say(200, VOICE_DBOV);
    expect(call.loudMs()).toBe(1_800);
    const late = call.passed.filter(({ agoMs }) => agoMs > 0).map(({ agoMs }) => agoMs);
    expect(late).toEqual([...late].sort((a, b) => b - a));
    // And live again from there.
    call.say(200, VOICE_DBOV);
    expect(call.loudMs()).toBe(2_000);
  });

  test('who answered just before its end is heard', () => {
    const call = protectedCall();
    call.say(400, VOICE_DBOV);
    call.say(400, undefined);
    end(call);
    call.say(100, undefined);
    expect(call.loudMs()).toBe(400);
  });

  test('of who speaks for longer than is kept, the newest is heard', () => {
    const call = protectedCall(1_000);
    call.say(3_000, VOICE_DBOV);
    end(call);
    call.say(20, VOICE_DBOV);
    expect(call.loudMs()).toBe(1_020);
  });

  test('its echo is nobody’s voice, also when it comes after the end', () => {
    const call = protectedCall();
    call.say(1_000, ECHO_DBOV - 1);
    end(call);
    call.say(200, ECHO_DBOV - 1);
    call.say(220, undefined);
    expect(call.loudMs()).toBe(0);
    call.say(200, VOICE_DBOV);
    expect(call.loudMs()).toBe(200);
  });

  test('what is as quiet as its echo is heard again when none can come', () => {
    const call = protectedCall();
    end(call);
    call.say(600, undefined);
    call.say(200, ECHO_DBOV - 1);
    expect(call.loudMs()).toBe(200);
  });
});
