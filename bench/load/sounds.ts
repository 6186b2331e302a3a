/** What both sides say: noise with the rhythm of syllables, and in it the words of pulses by which the bench measures. */
import { g711, pcm } from '../../src/audio/index.ts';
import { mulberry32 } from '../position.ts';
import { addWord, BASE, digitsOf } from './pulses.ts';

export const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
/** A second each: long enough that nothing could take the repetition for a tone. */
const FRAMES = 50;
/** Speech of −26 dBov, and a line's noise of −62. */
const SPEECH_PEAK = 5_000;
const NOISE_PEAK = 45;
/** Three digits: 4,096 calls. */
export const CALL_DIGITS = 3;
/** Where a word begins in its frame or message, so that no filter's delay moves it over the end. */
export const WORD_AT_MS = 5;
/** The longest word of a call needs 50 ms. */
export const WORD_FRAMES = 3;

const ulaw = g711('ulaw');

/** `peak` times noise below some 1.5 kHz, that swells four times a second. */
function murmur(length: number, rateHz: number, peak: number, seed: number): Int16Array {
  const random = mulberry32(seed);
  const smooth = Math.exp((-2 * Math.PI * 1_500) / rateHz);
  let low = 0;
  return Int16Array.from({ length }, (_, i) => {
    low = smooth * low + (1 - smooth) * (2 * random() - 1) * 2;
    const swell = 0.6 + 0.4 * Math.sin((2 * Math.PI * 4 * i) / rateHz);
    return Math.round(Math.max(-1, Math.min(1, low)) * swell * peak);
  });
}

const coded = (samples: Int16Array): string => Buffer.from(ulaw.encode(pcm(samples, 8000))).toString('base64');

function frames(samples: Int16Array): string[] {
  return Array.from({ length: samples.length / FRAME_SAMPLES }, (_, i) =>
    coded(samples.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)),
  );
}

/** Payloads of a caller's frames, μ-law in base64. */
export const quietFrames = (): readonly string[] => frames(murmur(FRAMES * FRAME_SAMPLES, 8_000, NOISE_PEAK, 1));
export const speechFrames = (): readonly string[] => frames(murmur(FRAMES * FRAME_SAMPLES, 8_000, SPEECH_PEAK, 2));

/** Three frames that say which call this is. */
export function wordFrames(call: number): readonly string[] {
  const samples = murmur(WORD_FRAMES * FRAME_SAMPLES, 8_000, NOISE_PEAK, 3);
  addWord(samples, 8_000, WORD_AT_MS, digitsOf(call, CALL_DIGITS));
  return frames(samples);
}

export const MESSAGE_MS = 40;
const MESSAGE_SAMPLES = 24 * MESSAGE_MS;
/** Two seconds of every five are 40 % of the time. */
export const BURST_MESSAGES = 50;

/** The model's messages of a turn, as bytes. */
export const burst = (): readonly Buffer[] => {
  const samples = murmur(BURST_MESSAGES * MESSAGE_SAMPLES, 24_000, SPEECH_PEAK, 4);
  return Array.from({ length: BURST_MESSAGES }, (_, i) =>
    spoken(samples.subarray(i * MESSAGE_SAMPLES, (i + 1) * MESSAGE_SAMPLES)),
  );
};

/** By digit: a message with a word of one digit in it. */
export const wordMessages = (): readonly Buffer[] =>
  Array.from({ length: BASE }, (_, digit) => {
    const samples = murmur(MESSAGE_SAMPLES, 24_000, NOISE_PEAK, 5);
    addWord(samples, 24_000, WORD_AT_MS, [digit]);
    return spoken(samples);
  });

function spoken(samples: Int16Array): Buffer {
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('base64');
  const parts = [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }];
  return Buffer.from(JSON.stringify({ serverContent: { modelTurn: { role: 'model', parts } } }));
}
