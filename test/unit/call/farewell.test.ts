/** When an agent's last words count as heard, and when the caller keeps it on the line. */
import { expect, test } from 'vitest';
import { type Pcm, rmsDbov, tone } from '../../../src/audio/index.ts';
import { Farewell, type LastWords } from '../../../src/call/farewell.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const QUIET: LastWords = { idle: true, generating: false, leftMs: 0, voiceHeard: false, deedUnderWay: false };
const SPEAKING: LastWords = { ...QUIET, idle: false, leftMs: 2_000 };

const VOICE_DBOV = -20;
/** Loud enough for the gate to take it for a voice. */
const ECHO_DBOV = -30;

async function given(first: LastWords, next: Parameters<Farewell['begin']>[1] = 'agent') {
  const clock = new ManualClock();
  // The agent's voice may come back as loud as that.
  const farewell = new Farewell(clock, { mayBe: (samples: Pcm<8000>) => rmsDbov(samples) <= ECHO_DBOV });
  farewell.begin(first, next);
  const after = async (ms: number, words: LastWords) => {
    await clock.advance(ms);
    return farewell.look(words);
  };
  /** What the phone sends for so long, and what comes of it in the end. */
  const hears = (lengthMs: number, dbov: number, words: LastWords = { ...SPEAKING, voiceHeard: true }) => {
    for (let passedMs = 0; passedMs < lengthMs; passedMs += 20) {
      clock.tick(20);
      farewell.hear(tone({ hz: 300, lengthMs: 20, dbov }, 8000));
    }
    return farewell.look(words);
  };
  return { farewell, after, hears };
}

test('a goodbye that is under way is heard when its last echo has come', async () => {
  const { after } = await given(SPEAKING);
  expect(await after(1_900, { ...SPEAKING, leftMs: 100 })).toBeUndefined();
  // Played by the clock, and the echo is still to come.
  expect(await after(500, { ...SPEAKING, leftMs: 0 })).toBeUndefined();
  expect(await after(100, QUIET)).toBe('heardOut');
});

test('the answer to the tool may hold the goodbye: it has a moment to begin', async () => {
  const { after } = await given({ ...SPEAKING, leftMs: 100 });
  expect(await after(200, QUIET)).toBeUndefined();
  expect(await after(500, { ...QUIET, generating: true })).toBeUndefined();
  expect(await after(2_000, SPEAKING)).toBeUndefined();
  expect(await after(2_000, QUIET)).toBe('heardOut');
});

test('nobody is put through while something is being done; what the agent has to say of it is heard', async () => {
  const desk = { name: 'desk', to: '+15550177', timeoutSeconds: 20 };
  const doing = { ...QUIET, deedUnderWay: true };
  const { after } = await given(SPEAKING, desk);
  // A model that waits for the result keeps its turn open.
  expect(await after(5_000, { ...doing, generating: true })).toBeUndefined();
  expect(await after(5_000, doing)).toBeUndefined();
  expect(await after(600, QUIET)).toBeUndefined();
  expect(await after(600, SPEAKING)).toBeUndefined();
  expect(await after(2_000, QUIET)).toBe('heardOut');
  const ending = await given(SPEAKING);
  expect(await ending.after(2_000, doing)).toBe('heardOut');
});

test('who says nothing is waited for four seconds, and whose sentence stands still for three', async () => {
  const silent = await given(QUIET);
  expect(await silent.after(3_900, QUIET)).toBeUndefined();
  expect(await silent.after(100, QUIET)).toBe('heardOut');
  const stalled = await given({ ...SPEAKING, generating: true });
  expect(await stalled.after(1_000, { ...SPEAKING, generating: true })).toBeUndefined();
  expect(await stalled.after(2_900, { ...SPEAKING, generating: true, leftMs: 0 })).toBeUndefined();
  expect(await stalled.after(100, { ...SPEAKING, generating: true, leftMs: 0 })).toBe('heardOut');
});

test('a caller who says more than "bye" is not hung up on; what they had begun to say before does not count', async () => {
  const { farewell, hears } = await given(SPEAKING);
  expect(hears(680, VOICE_DBOV)).toBeUndefined();
  farewell.begin(SPEAKING, 'agent');
  expect(hears(680, VOICE_DBOV)).toBeUndefined();
  expect(hears(20, VOICE_DBOV)).toBe('callerSpoke');
});

test('what may be the echo of the goodbye keeps nobody on the line, and a caller who speaks over it does', async () => {
  const { hears } = await given(SPEAKING);
  expect(hears(2_000, ECHO_DBOV)).toBeUndefined();
  expect(hears(700, VOICE_DBOV)).toBe('callerSpoke');
});

test('nor does what the model does not hear: it would not answer', async () => {
  const { hears } = await given(SPEAKING);
  expect(hears(2_000, VOICE_DBOV, SPEAKING)).toBeUndefined();
});
