/** What is heard while the agent speaks: its own echo, a caller's "mm-hm", and a caller who means to stop it. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Pcm, pcm, rmsDbov } from '../../src/audio/index.ts';
import { callScript, loadFixture } from '../../src/simulator/index.ts';
import { type Replay, replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const GREETING = { toneHz: 440, lengthMs: 8_000 };
/** The agent's tone has −20 dBov, so that its echo has −28 at most where the factor is 0.4. */
const ECHO_GUARD = 'echoGuard: { factor: 0.4 }';
const ECHO = { toneHz: 440, lengthMs: 1_500, dbov: -31 };
const VOICE = { toneHz: 700, lengthMs: 1_500, dbov: -16 };
const MM_HM = { ...VOICE, lengthMs: 400 };

/** The caller's line has `sounds` on it while the agent greets, each a second and a half after the one before. */
function callWith(turnTaking: string, sounds: readonly object[]): Promise<Replay> {
  const agent = `
default: true
instruction: Be kind.
greeting: Greet the caller.
# A tone of eight seconds counts as none.
patience: false
idle: false
turnTaking: { ${turnTaking} }
`;
  const steps = sounds.flatMap((say) => [{ wait: 1_500 }, { say }]);
  const script = callScript.parse([
    { hear: 'agent' },
    ...steps,
    { hearSilence: { ms: 3_000 }, withinMs: 60_000 },
    { hangUp: true },
  ]);
  return replay(
    { ...question, phone: { ...question.phone, script } },
    {
      files: { 'agents/reception.yaml': agent },
      model: {
        turns: [
          { on: 'greeting', says: 'Good evening.', sound: GREETING, delivery: { speed: 1.1 } },
          { on: 'speech', hears: 'Stop.', says: 'Yes?', sound: { toneHz: 440, lengthMs: 500 } },
        ],
      },
    },
  );
}
const greetingIsCut = ({ record }: Replay) => record.lines[0]!.cut;
/** How much of what the model got was sound. */
function loudMs({ live }: Replay): number {
  const heard = live.sessions[0]!.heard;
  let loud = 0;
  for (let at = 0; at + 320 <= heard.length; at += 320) {
    if (rmsDbov(pcm(heard.subarray(at, at + 320), 16000) as Pcm<16000>) > -45) loud += 20;
  }
  return loud;
}

describe('the agent’s echo', () => {
  test('does not stop it where there is a guard', async () => {
    const call = await callWith(ECHO_GUARD, [ECHO, ECHO]);
    expect(call.result.scriptFailure).toBeUndefined();
    expect(greetingIsCut(call)).toBe(false);
    expect(loudMs(call)).toBe(0);
    // The model's time went on.
    expect(call.live.sessions[0]!.heard.length / 16).toBeGreaterThan(call.record.durationMs - 1_000);
    expect(call.leftArmed).toBe(0);
  });

  test('stops it where there is none', async () => {
    const call = await callWith('bargeIn: true', [ECHO]);
    expect(greetingIsCut(call)).toBe(true);
  });

  test('is told from a caller, who stops it', async () => {
    const call = await callWith(ECHO_GUARD, [ECHO, VOICE]);
    expect(greetingIsCut(call)).toBe(true);
    expect(call.record.lines.map(({ text }) => text)).toEqual([expect.anything(), 'Stop.', 'Yes?']);
    expect(loudMs(call)).toBeGreaterThanOrEqual(VOICE.lengthMs - 40);
  });
});

describe('an “mm-hm”', () => {
  test('does not stop the agent where it means “go on”', async () => {
    const call = await callWith('backchannelMs: 700', [MM_HM, MM_HM]);
    expect(greetingIsCut(call)).toBe(false);
    expect(loudMs(call)).toBe(0);
    expect(call.leftArmed).toBe(0);
  });

  test('stops it without the setting', async () => {
    const call = await callWith('bargeIn: true', [MM_HM]);
    expect(greetingIsCut(call)).toBe(true);
  });

  test('is told from a caller who goes on speaking, and is heard from the first word', async () => {
    const call = await callWith('backchannelMs: 700', [MM_HM, VOICE]);
    expect(greetingIsCut(call)).toBe(true);
    expect(call.record.lines.map(({ text }) => text)).toEqual([expect.anything(), 'Stop.', 'Yes?']);
    expect(loudMs(call)).toBeGreaterThanOrEqual(VOICE.lengthMs - 40);
    expect(loudMs(call)).toBeLessThan(VOICE.lengthMs + MM_HM.lengthMs);
  });
});
