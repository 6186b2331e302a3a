import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFramer, type Pcm } from '../../../src/audio/index.ts';
import { cut, cuts, joined, samples } from './sound.ts';

/** All frames that come of the input, each copied while it is valid. */
function framesOf(input: Int16Array, chunks: readonly number[], flush: boolean): Int16Array[] {
  const frames: Int16Array[] = [];
  const keep = (frame: Int16Array): void => void frames.push(frame.slice());
  const framer = createFramer(8000, 5);
  for (const chunk of cut(input, chunks)) framer.push(chunk as Pcm<8000>, keep);
  if (flush) framer.flush(keep);
  return frames;
}

test('frames have one length and hold all the sound in order, however it was cut', () => {
  fc.assert(
    fc.property(samples, cuts, (input, chunks) => {
      const frames = framesOf(input, chunks, false);
      expect(frames).toHaveLength(Math.floor(input.length / 40));
      expect(frames.every((frame) => frame.length === 40)).toBe(true);
      expect(joined(frames)).toEqual(input.slice(0, 40 * frames.length));
    }),
  );
});

test('a flush fills the last frame with silence', () => {
  fc.assert(
    fc.property(samples, cuts, (input, chunks) => {
      const frames = framesOf(input, chunks, true);
      const filled = new Int16Array(40 * Math.ceil(input.length / 40));
      filled.set(input);
      expect(joined(frames)).toEqual(filled);
    }),
  );
});

test('a flush of nothing emits nothing, and after a flush or a reset the framer is as new', () => {
  const frames: Int16Array[] = [];
  const keep = (frame: Int16Array): void => void frames.push(frame.slice());
  const framer = createFramer(8000, 5);
  framer.flush(keep);
  expect(frames).toHaveLength(0);

  framer.push(new Int16Array(39).fill(7) as Pcm<8000>, keep);
  framer.flush(keep);
  framer.flush(keep);
  expect(frames).toEqual([Int16Array.from({ length: 40 }, (_, i) => (i < 39 ? 7 : 0))]);

  framer.push(new Int16Array(39).fill(8) as Pcm<8000>, keep);
  framer.reset();
  framer.push(new Int16Array(41).fill(9) as Pcm<8000>, keep);
  framer.flush(keep);
  expect(frames.slice(1)).toEqual([
    new Int16Array(40).fill(9),
    Int16Array.from({ length: 40 }, (_, i) => (i === 0 ? 9 : 0)),
  ]);
});

test('a frame that is no whole number of samples is refused', () => {
  expect(() => createFramer(8000, 0.3)).toThrow('0.3 ms at 8000 Hz are not a whole number of samples');
  expect(() => createFramer(8000, 0)).toThrow(TypeError);
});
