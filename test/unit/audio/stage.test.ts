import { expect, test } from 'vitest';
import { chain, downsampler24to8, g711, pcm, type Stage, tone, upsampler8to16 } from '../../../src/audio/index.ts';
import { through } from './sound.ts';

test('a chain says what sound passes, in order', () => {
  expect(chain(downsampler24to8(), upsampler8to16()).name).toBe('24k→8k → 8k→16k');
});

test('a chain makes what its stages make one after the other, tails included', () => {
  const sound = tone({ hz: 1020, lengthMs: 30, dbov: -20 }, 24000);
  const oneByOne = through(upsampler8to16(), through(downsampler24to8(), sound));
  expect(through(chain(downsampler24to8(), upsampler8to16()), sound, { chunks: [7, 250] })).toEqual(oneByOne);
});

test('a chain that was reset is as new', () => {
  const sound = tone({ hz: 1020, lengthMs: 10, dbov: -20 }, 24000);
  const stage = chain(downsampler24to8(), upsampler8to16());
  const first = through(stage, sound, { flush: false });
  stage.reset();
  expect(through(stage, sound, { flush: false })).toEqual(first);
});

test('stages and sounds whose rates do not fit do not compile', () => {
  const up: Stage<8000, 16000> = upsampler8to16();
  const down: Stage<24000, 8000> = downsampler24to8();
  const silence = new Int16Array(24);
  const wrong = [
    // @ts-expect-error 16 kHz comes out, 24 kHz is wanted
    () => chain(up, down),
    // @ts-expect-error 24 kHz sound into an 8 kHz stage
    () => up.push(pcm(silence, 24000)),
    // @ts-expect-error samples of no declared rate
    () => up.push(silence),
    // @ts-expect-error what goes to the model does not fit the phone
    () => g711('ulaw').encode(up.push(pcm(silence, 8000))),
    // @ts-expect-error a stage from another rate is no substitute
    (): Stage<16000, 16000> => up,
  ];
  expect(wrong).toHaveLength(5);
});
