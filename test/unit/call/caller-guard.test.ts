/** What the model hears of a caller who speaks while the agent does. */
import { describe, expect, test } from 'vitest';
import { type Pcm, pcm, rmsDbov, tone } from '../../../src/audio/index.ts';
import { CallerGuard, type CallerGuardOptions } from '../../../src/call/caller-guard.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const FRAME_MS = 20;
const VOICE_DBOV = -20;
/** Loud enough for the gate to take it for a voice. */
const ECHO_DBOV = -28;
const LOUD_DBOV = -60;

function given({
  maxKeptMs = 5_000,
  echoGuard = false,
  backchannelMs,
}: Partial<CallerGuardOptions['settings']> & { readonly maxKeptMs?: number | undefined } = {}) {
  const clock = new ManualClock();
  const agent = {
    sounding: false,
    isProtected: false,
    // The agent's voice may come back as loud as that.
    mayBe: (samples: Pcm<8000>) => rmsDbov(samples) <= ECHO_DBOV,
  };
  const guard = new CallerGuard({ clock, agent, settings: { echoGuard, backchannelMs }, maxKeptMs });
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
    const all = given({ maxKeptMs });
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

describe('where echo is kept from the model', () => {
  const speakingCall = () => {
    const all = given({ echoGuard: true });
    all.agent.sounding = true;
    return all;
  };

  test('it hears nothing of it while the agent speaks, nor when it comes after that', () => {
    const { agent, say, loudMs, liveMs, saidMs } = speakingCall();
    say(2_000, ECHO_DBOV - 1);
    agent.sounding = false;
    say(480, ECHO_DBOV - 1);
    expect(loudMs()).toBe(0);
    expect(liveMs()).toBe(saidMs());
  });

  test('a louder voice is heard from its beginning, as soon as it is one, and to its end', () => {
    const { say, passed, loudMs } = speakingCall();
    say(500, undefined);
    say(100, VOICE_DBOV);
    expect(loudMs()).toBe(100);
    say(400, VOICE_DBOV);
    say(300, undefined);
    expect(loudMs()).toBe(500);
    expect(Math.max(...passed.map(({ agoMs }) => agoMs))).toBeLessThanOrEqual(300);
  });

  test('a caller as quiet as that is heard when the agent is silent', () => {
    const { agent, say, loudMs } = speakingCall();
    say(500, undefined);
    agent.sounding = false;
    say(600, undefined);
    say(400, ECHO_DBOV - 1);
    expect(loudMs()).toBe(400);
  });
});

describe('where short sounds of the caller mean “go on”', () => {
  const speakingCall = () => {
    const all = given({ backchannelMs: 700 });
    all.agent.sounding = true;
    all.say(500, undefined);
    return all;
  };

  test('the model does not hear them, however many there are', () => {
    const { say, loudMs } = speakingCall();
    for (let i = 0; i < 4; i++) {
      say(400, VOICE_DBOV);
      say(500, undefined);
    }
    expect(loudMs()).toBe(0);
  });

  test('who goes on speaking is heard from the beginning, after so long, and then live over their pauses', () => {
    const { say, passed, loudMs } = speakingCall();
    say(680, VOICE_DBOV);
    expect(loudMs()).toBe(0);
    say(40, VOICE_DBOV);
    expect(loudMs()).toBe(720);
    expect(Math.max(...passed.map(({ agoMs }) => agoMs))).toBeLessThanOrEqual(700 + 200);
    say(400, undefined);
    say(300, VOICE_DBOV);
    expect(loudMs()).toBe(1_020);
  });

  test('a short answer that comes at the end of what the agent says is heard', () => {
    const { agent, say, loudMs } = speakingCall();
    say(300, VOICE_DBOV);
    say(300, undefined);
    agent.sounding = false;
    say(20, undefined);
    expect(loudMs()).toBe(300);
  });

  test('one that came earlier is not', () => {
    const { agent, say, loudMs } = speakingCall();
    say(300, VOICE_DBOV);
    say(800, undefined);
    agent.sounding = false;
    say(400, undefined);
    expect(loudMs()).toBe(0);
  });
});
