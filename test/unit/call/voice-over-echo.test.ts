/** Who is a caller, and what is only the agent's voice coming back. */
import { expect, test } from 'vitest';
import { type Pcm, tone } from '../../../src/audio/index.ts';
import { AgentHeard } from '../../../src/call/agent-heard.ts';
import { VoiceOverEcho } from '../../../src/call/voice-over-echo.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const FRAME_MS = 20;
const AGENT_MS = 3_000;
/** Under a quarter of the agent's amplitude, and loud enough for a voice. */
const QUIET_DBOV = -33;

function given() {
  const clock = new ManualClock();
  const agent = new AgentHeard(clock, { echoFactor: 0.25 }, { sounding: true });
  const voice = new VoiceOverEcho(clock, agent);
  agent.played(tone({ hz: 300, lengthMs: AGENT_MS, dbov: -20 }, 8000));
  /** What the phone sends meanwhile. */
  const pass = (lengthMs: number, dbov: number): void => {
    const sound = tone({ hz: 300, lengthMs, dbov }, 8000);
    for (let at = 0; at < sound.length; at += 8 * FRAME_MS) {
      clock.tick(FRAME_MS);
      voice.push(sound.subarray(at, at + 8 * FRAME_MS) as Pcm<8000>);
    }
  };
  return { clock, voice, pass };
}

test('what comes back twelve decibels quieter is no caller, though it is loud enough for a voice', () => {
  const { voice, pass } = given();
  for (let passedMs = 0; passedMs < AGENT_MS; passedMs += 100) {
    pass(100, QUIET_DBOV);
    expect(voice.sinceMs).toBeUndefined();
  }
});

test('a caller is known from their first sound on, over the agent’s voice', () => {
  const { clock, voice, pass } = given();
  pass(1_000, QUIET_DBOV);
  const beganMs = clock.nowMs();
  pass(800, -20);
  expect(voice.sinceMs).toBe(beganMs);
  voice.reset();
  expect(voice.sinceMs).toBeUndefined();
});

test('so is one who is as quiet as the echo, when there can be none any more', () => {
  const { voice, pass } = given();
  pass(AGENT_MS + 500, QUIET_DBOV);
  expect(voice.sinceMs).toBeUndefined();
  pass(100, QUIET_DBOV);
  expect(voice.sinceMs).toBeDefined();
});
