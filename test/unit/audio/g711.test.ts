import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOfPcm, g711, type Law, pcm } from '../../../src/audio/index.ts';

/**
 * Hashes of the whole of each code. Encoding is the ITU's own, G.191 STL `ulaw_compress` and `alaw_compress`: where a
 * negative sample lies on a decision value, programs differ, and Sun's would take the other code 127 times.
 */
const REFERENCE = {
  ulaw: {
    decoding: '3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827',
    encoding: '90c29de505fb68e766118303bd552a16005dcf810873698bee1d8f3b247ce28c',
  },
  alaw: {
    decoding: 'e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174',
    encoding: '38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b',
  },
} as const;

const ALL_CODES = Uint8Array.from({ length: 256 }, (_, code) => code);
const ALL_SAMPLES = pcm(
  Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768),
  8000,
);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.each(['ulaw', 'alaw'] as const)('%s', (law: Law) => {
  const { decode, encode } = g711(law);

  test('decodes every code as G.711 says', () => {
    expect(sha256(bytesOfPcm(decode(ALL_CODES)))).toBe(REFERENCE[law].decoding);
  });

  test('encodes every sample as the ITU reference does', () => {
    expect(sha256(encode(ALL_SAMPLES))).toBe(REFERENCE[law].encoding);
  });

  test('is off by no more than half a step', () => {
    const levels = [...new Set(decode(ALL_CODES))].sort((a, b) => a - b);
    // Between two segments, where the steps beside a level differ, the larger counts.
    const stepAt = new Map(
      levels.map((level, i) => {
        const below = level - (levels[i - 1] ?? level);
        const above = (levels[i + 1] ?? level) - level;
        return [level, Math.max(below, above)];
      }),
    );
    const inside = ALL_SAMPLES.filter((sample) => sample >= levels[0]! && sample <= levels.at(-1)!);
    const decoded = decode(encode(pcm(inside, 8000)));
    const worse = inside.filter((sample, i) => Math.abs(decoded[i]! - sample) > stepAt.get(decoded[i]!)! / 2);
    expect(inside.length).toBeGreaterThan(64_000);
    expect(worse).toHaveLength(0);
  });

  test('keeps what it once encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (codes) => {
        const once = decode(codes);
        expect(decode(encode(once))).toEqual(once);
      }),
    );
  });

  test('gives memory of its own', () => {
    const first = decode(Uint8Array.of(0, 0));
    decode(Uint8Array.of(255, 255));
    expect(first[0]).toBe(decode(Uint8Array.of(0))[0]);
  });
});

test('every code survives being decoded and encoded, but for the negative zero of μ-law', () => {
  const changed = (law: Law): number[] => {
    const again = g711(law).encode(g711(law).decode(ALL_CODES));
    return [...ALL_CODES].filter((code) => again[code] !== code);
  };
  expect(changed('alaw')).toEqual([]);
  expect(changed('ulaw')).toEqual([0x7f]);
  expect([...g711('ulaw').encode(pcm(Int16Array.of(0), 8000))]).toEqual([0xff]);
});

test('silence has the code that the law says', () => {
  expect(g711('ulaw').silence).toBe(0xff);
  expect(g711('ulaw').decode(Uint8Array.of(0xff))[0]).toBe(0);
  expect(g711('alaw').silence).toBe(0xd5);
  expect(g711('alaw').decode(Uint8Array.of(0xd5))[0]).toBe(8);
});

test('the ends of the scale have the codes of the reference', () => {
  const codesOf = (law: Law, ...values: number[]): number[] => [
    ...g711(law).encode(pcm(Int16Array.from(values), 8000)),
  ];
  expect(codesOf('ulaw', 32_767, -32_768, 1_000, -1_000, 10_000)).toEqual([0x80, 0x00, 0xce, 0x4e, 0x9c]);
  expect(codesOf('alaw', 32_767, -32_768, 1_000, 10_000)).toEqual([0xaa, 0x2a, 0xfa, 0xb6]);
});

test('the digital milliwatt of G.711 tables 5 and 6 has the values of the reference', () => {
  const mu = Uint8Array.of(0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e);
  expect([...g711('ulaw').decode(mu)]).toEqual([-8828, -20860, -20860, -8828, 8828, 20860, 20860, 8828]);
  const a = Uint8Array.of(0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4);
  expect([...g711('alaw').decode(a)]).toEqual([-8960, -20992, -20992, -8960, 8960, 20992, 20992, 8960]);
});
