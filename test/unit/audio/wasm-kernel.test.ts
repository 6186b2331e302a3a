/** The filters in WebAssembly: what TypeScript makes of any sound is what they make of it, sample by sample. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import wabt from 'wabt';
import { downsampler24to8, pcm, type Stage, upsampler8to16 } from '../../../src/audio/index.ts';
import { type Kernel, MAX_CHUNK, typescriptKernel } from '../../../src/audio/kernel.ts';
import { builtKernel, wasmKernel } from '../../../src/audio/wasm-kernel.ts';
import { cuts, noise, samples, through } from './sound.ts';

let kernel: Kernel;
beforeAll(async () => {
  const { parseWat } = await wabt();
  const source = new URL('../../../src/audio/convolve.wat', import.meta.url);
  kernel = wasmKernel(parseWat('convolve.wat', readFileSync(source, 'utf8'), { simd: true }).toBinary({}).buffer);
});

const anyRate = (stage: unknown): Stage<number, number> => stage as Stage<number, number>;

describe.each([
  ['8k→16k', (own: Kernel) => anyRate(upsampler8to16(own))],
  ['24k→8k', (own: Kernel) => anyRate(downsampler24to8(own))],
])('%s', (_name, make) => {
  test('is the same to the bit, however it is cut', () => {
    fc.assert(
      fc.property(samples, cuts, (input, chunks) => {
        expect(through(make(kernel), input, { chunks })).toEqual(through(make(typescriptKernel), input, { chunks }));
      }),
    );
  });

  test('is the same at the ends of the scale, where both saturate', () => {
    const square = Int16Array.from({ length: 4_000 }, (_, i) => (i % 7 < 3 ? 32_767 : -32_768));
    expect(through(make(kernel), square)).toEqual(through(make(typescriptKernel), square));
  });

  test('is the same for a piece of sound that is longer than a kernel takes at once', () => {
    const long = noise(-12, 1_000, 24_000);
    expect(long.length).toBeGreaterThan(3 * MAX_CHUNK);
    expect(through(make(kernel), long)).toEqual(through(make(typescriptKernel), long, { chunks: [480] }));
  });

  test('keeps streams apart', () => {
    const [one, other] = [noise(-20, 60, 8_000), noise(-6, 60, 8_000)];
    const [first, second, alone] = [make(kernel), make(kernel), make(kernel)];
    const mixed = [0, 160, 320].map((at) => {
      const part = first.push(pcm(one.subarray(at, at + 160), 8_000)).slice();
      second.push(pcm(other.subarray(at, at + 160), 8_000));
      return part;
    });
    expect(mixed.flatMap((part) => [...part])).toEqual([...alone.push(one)]);
  });
});

test('bytes that are no module are told at once', () => {
  expect(() => wasmKernel(new Uint8Array(8))).toThrow(/magic/);
});

test('a built file that is no module is as good as none: the sound is made in TypeScript', () => {
  const source = new URL('../../../src/audio/convolve.wat', import.meta.url);
  expect(builtKernel(source)).toBeUndefined();
});
