/** Whether a recording can be played to a caller is known at start, from the file alone. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import wavefile from 'wavefile';
import { soundProblem } from '../../../src/config/sound-file.ts';
import { chunk, format, type Made, riff, wav } from '../../support/wav-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'callbridge-sound-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'goodbye.wav');
function problemOf(bytes: Uint8Array): string | undefined {
  writeFileSync(path, bytes);
  return soundProblem(path);
}

describe('a recording is taken', () => {
  test.each<[string, Made]>([
    ['as telephones have it', {}],
    ['in μ-law', { tag: 7, bits: 8 }],
    ['in A-law', { tag: 6, bits: 8 }],
    ['of 24 bits', { bits: 24 }],
    ['at 48 kHz in stereo', { rateHz: 48_000, channels: 2 }],
    ['of a minute', { seconds: 60 }],
  ])('%s', (_, made) => {
    expect(problemOf(wav(made))).toBeUndefined();
  });

  test('as an encoder writes it, with what it adds', () => {
    const file = new wavefile.WaveFile();
    file.fromScratch(1, 44_100, '16', new Int16Array(4_410));
    file.setTag('IART', 'me');
    expect(problemOf(file.toBuffer())).toBeUndefined();
  });

  test('with odd chunks before its sound', () => {
    expect(
      problemOf(riff(chunk('LIST', Buffer.alloc(3)), format({}), chunk('data', Buffer.alloc(800)))),
    ).toBeUndefined();
  });

  test('as it is piped, when its length is not known yet, and when its end is missing', () => {
    const piped = wav();
    piped.writeUInt32LE(0xffff_ffff, 4);
    piped.writeUInt32LE(0xffff_ffff, 40);
    expect(problemOf(piped)).toBeUndefined();
    expect(problemOf(wav().subarray(0, 1_000))).toBeUndefined();
  });
});

describe('a recording is refused', () => {
  test.each<[string, Uint8Array, string]>([
    ['of nothing', Buffer.alloc(0), 'is no WAV file'],
    ['that is an MP3', Buffer.from(`ID3${'x'.repeat(100)}`), 'is no WAV file'],
    ['in another RIFF', Buffer.from('RIFF\0\0\0\0AVI LIST'), 'is no WAV file'],
    ['without its format', riff(chunk('data', Buffer.alloc(8))), 'is a WAV file without its parts'],
    [
      'with half a format',
      riff(chunk('fmt ', Buffer.alloc(14)), chunk('data', Buffer.alloc(8))),
      'is a WAV file without its parts',
    ],
    [
      'of nothing but chunks',
      riff(...Array.from({ length: 1_001 }, () => chunk('junk', Buffer.alloc(0)))),
      'is a WAV file of more than 1000 chunks: export it again, with its sound alone',
    ],
    ['without its sound', riff(format({})), 'is a WAV file without its parts'],
    ['of floating point', wav({ tag: 3, bits: 32 }), 'must be PCM, μ-law or A-law'],
    ['of an extensible format', wav({ tag: 0xfffe }), 'must be PCM, μ-law or A-law'],
    ['in no channel', wav({ channels: 0 }), 'must have one or two channels, not 0'],
    ['in surround', wav({ channels: 6 }), 'must have one or two channels, not 6'],
    ['at 4 kHz', wav({ rateHz: 4_000 }), 'must have 8000 to 48000 samples a second, not 4000'],
    ['at 96 kHz', wav({ rateHz: 96_000 }), 'must have 8000 to 48000 samples a second, not 96000'],
    ['that is empty', wav({ seconds: 0 }), 'holds no sound'],
    ['that is too long', wav({ seconds: 60.1 }), 'must last at most 60 s, not 61 s'],
  ])('%s', (_, bytes, complaint) => {
    expect(problemOf(bytes)).toBe(complaint);
  });

  test('that is larger than a minute can be, unread', () => {
    writeFileSync(path, wav());
    truncateSync(path, 12 * 1024 * 1024 + 1);
    expect(soundProblem(path)).toBe('has more than 12 MB');
  });

  test('that cannot be read', () => {
    expect(soundProblem(join(folder, 'nowhere.wav'))).toMatch(/^cannot be read \(ENOENT/);
    expect(soundProblem(folder)).toMatch(/^cannot be read \(EISDIR/);
  });

  test('or taken, whatever is in it, without throwing', () => {
    const whole = wav({ seconds: 0.02 });
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, length) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        const problem = problemOf(bytes.subarray(0, length));
        expect(problem === undefined || problem.length < 100).toBe(true);
      }),
    );
  });
});
