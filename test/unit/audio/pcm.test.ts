import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOfPcm, createPcmReader, durationMs } from '../../../src/audio/index.ts';
import { cut, cuts, joined, samples } from './sound.ts';

describe('a PCM reader', () => {
  test('makes the same samples of a stream of bytes, however it is cut', () => {
    fc.assert(
      fc.property(samples, cuts, (whole, lengths) => {
        const reader = createPcmReader(24000);
        const read: Int16Array[] = [];
        for (const bytes of cut(bytesOfPcm(whole), lengths)) read.push(reader.push(bytes).slice());
        expect(joined(read)).toEqual(whole);
      }),
    );
  });

  test('is little-endian, and waits for the other half of a sample', () => {
    const reader = createPcmReader(24000);
    expect([...reader.push(Uint8Array.of(0x34))]).toEqual([]);
    expect([...reader.push(Uint8Array.of(0x12, 0xff, 0xff, 0x00))]).toEqual([0x1234, -1]);
    expect([...reader.push(Uint8Array.of())]).toEqual([]);
    expect([...reader.push(Uint8Array.of(0x80))]).toEqual([-32_768]);
  });

  test('reads bytes that begin at an odd address', () => {
    const memory = Uint8Array.of(0xaa, 0x34, 0x12, 0x78, 0x56);
    expect([...createPcmReader(24000).push(memory.subarray(1))]).toEqual([0x1234, 0x5678]);
  });

  test('forgets half a sample when reset', () => {
    const reader = createPcmReader(24000);
    reader.push(Uint8Array.of(0x99));
    reader.reset();
    expect([...reader.push(Uint8Array.of(0x34, 0x12))]).toEqual([0x1234]);
  });
});

test('the bytes of samples are little-endian and share their memory', () => {
  const all = Int16Array.of(1, 0x1234, -2);
  const part = all.subarray(1);
  const bytes = bytesOfPcm(part);
  expect([...bytes]).toEqual([0x34, 0x12, 0xfe, 0xff]);
  bytes[0] = 0x35;
  expect(part[0]).toBe(0x1235);
});

test('a duration is samples over rate', () => {
  expect(durationMs(160, 8_000)).toBe(20);
  expect(durationMs(36, 24_000)).toBe(1.5);
});
