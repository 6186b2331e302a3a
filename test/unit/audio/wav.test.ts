import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import wavefile from 'wavefile';
import { g711, pcm, readPhoneWav, readWav, tone, writeWav } from '../../../src/audio/index.ts';
import { chunk, format, riff } from '../../support/wav-files.ts';

test('what is written is read again', () => {
  const sound = tone({ hz: 440, lengthMs: 30, dbov: -10 }, 24000);
  expect(readWav(writeWav(sound, 24_000))).toEqual({ rateHz: 24_000, samples: Int16Array.from(sound) });
});

test('a part of a larger memory is written alone', () => {
  const part = Int16Array.of(1, 2, 3, 4).subarray(1, 3);
  expect(readWav(writeWav(part, 8_000)).samples).toEqual(Int16Array.of(2, 3));
});

test.each([
  ['jfk-8k.wav', 8_000],
  ['jfk-16k.wav', 16_000],
])('the fixture %s is eleven seconds at its rate', (name, rateHz) => {
  const wav = readWav(readFileSync(new URL(`../../../fixtures/audio/${name}`, import.meta.url)));
  expect(wav.rateHz).toBe(rateHz);
  expect(wav.samples).toHaveLength(11 * rateHz);
});

test('anything but 16-bit mono PCM is refused by saying what it is', () => {
  const made = (channels: number, bitDepth: string): Uint8Array => {
    const file = new wavefile.WaveFile();
    const one = [1, 2, 3, 4];
    file.fromScratch(channels, 8_000, bitDepth, channels === 1 ? one : [one, one]);
    return file.toBuffer();
  };
  expect(() => readWav(made(2, '16'))).toThrow(/16-bit mono PCM is wanted, .* bit depth 16, channels 2/);
  expect(() => readWav(made(1, '24'))).toThrow(/bit depth 24, channels 1/);
  expect(() => readWav(made(1, '8m'))).toThrow(/bit depth 8m/);
  expect(() => readWav(Uint8Array.of(1, 2, 3))).toThrow(TypeError);
  expect(() => readWav(new TextEncoder().encode('RIFF of some other kind'.repeat(9)))).toThrow(
    'the sound is no WAV file',
  );
});

describe('a file with other chunks than its sound', () => {
  /** So many of what it holds that no memory has room for them. */
  const promising = (sizeBytes: number, at: number): Buffer => {
    const body = Buffer.alloc(sizeBytes);
    body.writeUInt32LE(0xffff_ffff, at);
    return body;
  };
  const sound = chunk('data', Buffer.from(Int16Array.of(1, 2, 3).buffer));

  test.each<[string, Buffer]>([
    ['cue ', promising(28, 0)],
    ['smpl', promising(36, 28)],
    ['LIST', Buffer.concat([Buffer.from('adtllabl'), promising(4, 0)])],
    ['bext', Buffer.alloc(1)],
    ['fact', Buffer.alloc(0)],
  ])('is read, whatever is promised by its %s', (name, body) => {
    for (const file of [riff(format({}), chunk(name, body), sound), riff(format({}), sound, chunk(name, body))]) {
      expect(readWav(file).samples).toEqual(Int16Array.of(1, 2, 3));
      expect(readPhoneWav(file)).toEqual(Int16Array.of(1, 2, 3));
    }
  });

  test('is read with what there is, where a chunk promises more than the file has', () => {
    const file = riff(format({}), sound);
    file.writeUInt32LE(0xffff_ffff, file.length - 10);
    expect(readWav(file).samples).toEqual(Int16Array.of(1, 2, 3));
  });

  test('is refused by its name, with what to do, when it has too many of them', () => {
    const file = riff(...Array.from({ length: 1_000 }, () => chunk('junk', Buffer.alloc(0))), format({}), sound);
    expect(() => readWav(file, 'sorry.wav')).toThrow(
      'sorry.wav is a WAV file of more than 1000 chunks: export it again, with its sound alone',
    );
  });
});

describe('what telephones have', () => {
  const sound = tone({ hz: 440, lengthMs: 30, dbov: -10 }, 8000);
  const encoded = (law: 'ulaw' | 'alaw'): Uint8Array => {
    const file = new wavefile.WaveFile(writeWav(sound, 8_000));
    if (law === 'ulaw') file.toMuLaw();
    else file.toALaw();
    return file.toBuffer();
  };

  test('as 16-bit PCM is read as it is', () => {
    expect(readPhoneWav(writeWav(sound, 8_000))).toEqual(Int16Array.from(sound));
  });

  test.each(['ulaw', 'alaw'] as const)('in %s is what a telephone makes of it', (law) => {
    const { decode, encode } = g711(law);
    expect(readPhoneWav(encoded(law))).toEqual(decode(encode(pcm(sound, 8000))));
  });

  test('is at 8 kHz, mono, and of no other form; anything else is refused by saying what it is', () => {
    const made = (channels: number, rateHz: number, bitDepth: string): Uint8Array => {
      const file = new wavefile.WaveFile();
      const one = [1, 2, 3, 4];
      file.fromScratch(channels, rateHz, bitDepth, channels === 1 ? one : [one, one]);
      return file.toBuffer();
    };
    expect(() => readPhoneWav(made(1, 16_000, '16'))).toThrow(/is wanted, .* bit depth 16, 16000 Hz, channels 1/);
    expect(() => readPhoneWav(made(2, 8_000, '8m'))).toThrow(/bit depth 8m, 8000 Hz, channels 2/);
    expect(() => readPhoneWav(made(1, 8_000, '24'))).toThrow(/bit depth 24, 8000 Hz, channels 1/);
    expect(() => readPhoneWav(Uint8Array.of(1, 2, 3))).toThrow('the sound is no WAV file');
  });
});
