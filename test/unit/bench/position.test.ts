import { describe, expect, test } from 'vitest';
import { codedSpeech, placeSpeech } from '../../../bench/position.ts';
import { g711, type Pcm, pcm, upsampler8to16 } from '../../../src/audio/index.ts';

const QUESTION = codedSpeech(1, 2_000);
const { encode, decode } = g711('ulaw');

/** As it comes out of the phone and goes into the model: through µ-law, and up to 16 kHz. */
function heardOf(pieces: readonly Int16Array[]): Int16Array {
  const stage = upsampler8to16();
  const out: number[] = [];
  for (const piece of pieces) {
    const line = decode(encode(pcm(piece, 8000) as Pcm<8000>));
    for (const sample of stage.push(line)) out.push(sample);
  }
  return Int16Array.from(out);
}

const silence = (ms: number): Int16Array => new Int16Array(ms * 8);

describe('coded speech', () => {
  test('is found whole behind a silence of any length', () => {
    const heard = heardOf([silence(333), QUESTION, silence(500)]);
    expect(placeSpeech([QUESTION], heard)).toEqual({ saidMs: 2_000, lostMs: 0, doubledMs: 0 });
  });

  test('shows how much of it is missing in the middle', () => {
    const heard = heardOf([silence(100), QUESTION.subarray(0, 160 * 30), QUESTION.subarray(160 * 40), silence(100)]);
    expect(placeSpeech([QUESTION], heard)).toMatchObject({ lostMs: 200, doubledMs: 0 });
  });

  test('is not lost when silence was put in between', () => {
    const heard = heardOf([QUESTION.subarray(0, 160 * 30), silence(177), QUESTION.subarray(160 * 30), silence(100)]);
    expect(placeSpeech([QUESTION], heard)).toMatchObject({ lostMs: 0, doubledMs: 0 });
  });

  test('shows what was heard twice', () => {
    const again = QUESTION.subarray(160 * 20, 160 * 30);
    const heard = heardOf([QUESTION.subarray(0, 160 * 30), again, QUESTION.subarray(160 * 30), silence(100)]);
    const { lostMs, doubledMs } = placeSpeech([QUESTION], heard);
    expect(lostMs).toBe(0);
    expect(doubledMs).toBeGreaterThanOrEqual(160);
    expect(doubledMs).toBeLessThanOrEqual(220);
  });

  test('is lost where only something else was heard', () => {
    const heard = heardOf([codedSpeech(2, 400), silence(100)]);
    expect(placeSpeech([codedSpeech(1, 400)], heard)).toMatchObject({ lostMs: 400, doubledMs: 0 });
  });
});
