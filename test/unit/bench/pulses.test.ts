import { expect, test } from 'vitest';
import { addWord, createWordFinder, digitsOf, type FoundWord, numberOf } from '../../../bench/load/pulses.ts';
import { downsampler24to8, g711, pcm, upsampler8to16 } from '../../../src/audio/index.ts';

const LENGTH_MS = 200;

function wordAt(rateHz: number, atMs: number, digits: readonly number[]): Int16Array {
  const samples = new Int16Array((LENGTH_MS * rateHz) / 1_000);
  addWord(samples, rateHz, atMs, digits);
  return samples;
}

/** Handed over in pieces of so many samples, each with its number. */
function find(samples: Int16Array, rateHz: number, digitCount: number, pieceLength: number): FoundWord[] {
  const words: FoundWord[] = [];
  const finder = createWordFinder(rateHz, digitCount, (word) => words.push(word));
  for (let from = 0; from < samples.length; from += pieceLength) {
    const piece = samples.subarray(from, from + pieceLength);
    finder.push(piece, piece.length, from / pieceLength);
  }
  return words;
}

test('every call is found by its number on the way up, through G.711 and the resampler, in pieces of any length', () => {
  for (const call of [0, 1, 15, 16, 399, 4_095]) {
    const coded = g711('ulaw').encode(pcm(wordAt(8_000, 25, digitsOf(call, 3)), 8000));
    const heard = upsampler8to16().push(g711('ulaw').decode(coded));
    for (const pieceLength of [7, 320, 1_600]) {
      expect(find(heard, 16_000, 3, pieceLength).map(({ digits }) => numberOf(digits))).toEqual([call]);
    }
  }
});

test('every digit is found on the way down', () => {
  for (let digit = 0; digit < 16; digit++) {
    const heard = downsampler24to8().push(pcm(wordAt(24_000, 45, [digit]), 24000));
    expect(find(heard, 8_000, 1, 160).map(({ digits }) => digits)).toEqual([[digit]]);
  }
});

test('a word belongs to the piece in which it begins, and says where in it', () => {
  const [word] = find(wordAt(8_000, 25, [15, 15, 15]), 8_000, 3, 160);
  expect(word).toMatchObject({ at: 1, offsetMs: 5 });
});

test('the place in the piece tells what a filter delays', () => {
  const [word] = find(upsampler8to16().push(pcm(wordAt(8_000, 25, [3, 2, 1]), 8000)), 16_000, 3, 320);
  expect(word?.at).toBe(1);
  expect(word?.offsetMs).toBeGreaterThan(6.5);
  expect(word?.offsetMs).toBeLessThan(7.2);
});

test('a word that lost its end is forgotten, and the next one is found', () => {
  const samples = new Int16Array(8 * 400);
  addWord(samples, 8_000, 25, [1, 2]);
  addWord(samples, 8_000, 225, [4, 5, 6]);
  expect(find(samples, 8_000, 3, 160).map(({ digits }) => digits)).toEqual([[4, 5, 6]]);
});
