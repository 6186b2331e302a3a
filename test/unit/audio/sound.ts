/** Sound for the audio tests: arbitrary samples, arbitrary ways to cut them, and what a stage makes of them. */
import fc from 'fast-check';
import { type Pcm, pcm, type Stage } from '../../../src/audio/index.ts';

const sample = fc.oneof(fc.integer({ min: -32_768, max: 32_767 }), fc.constantFrom(-32_768, 32_767, 0));

/** Up to 600 samples, full scale and silence among them. */
export const samples = fc.array(sample, { maxLength: 600 }).map((values) => Int16Array.from(values));

/** Lengths of chunks, used over and over; empty chunks and single samples are frequent. */
export const cuts = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 200 })), { minLength: 1, maxLength: 20 })
  .filter((lengths) => lengths.some((length) => length > 0));

/** Cuts into chunks, each in memory of its own that is overwritten before the next is given out, as a socket does. */
export function* cut<T extends Int16Array | Uint8Array>(whole: T, lengths: readonly number[]): Generator<T> {
  for (let at = 0, i = 0; at < whole.length; i++) {
    const end = at + lengths[i % lengths.length]!;
    const chunk = whole.slice(at, end) as T;
    yield chunk;
    chunk.fill(0x55);
    at = end;
  }
}

export function joined(chunks: readonly Int16Array[]): Int16Array {
  return Int16Array.from(chunks.flatMap((chunk) => [...chunk]));
}

/** All that comes out of a stage, copied while it is valid; flushed at the end, unless told otherwise. */
export function through<In extends number, Out extends number>(
  stage: Stage<In, Out>,
  input: Int16Array,
  { chunks = [Math.max(1, input.length)], flush = true }: { chunks?: readonly number[]; flush?: boolean } = {},
): Int16Array {
  const output: Int16Array[] = [];
  for (const chunk of cut(input, chunks)) output.push(stage.push(chunk as Pcm<In>).slice());
  if (flush) output.push(stage.flush().slice());
  return joined(output);
}

/** White noise that is the same in every run: a linear congruential generator (Numerical Recipes). */
export function noise<RateHz extends number>(dbov: number, lengthMs: number, rateHz: RateHz): Pcm<RateHz> {
  // The mean square of an even spread over ±peak is a third of peak².
  const peak = 32_768 * Math.sqrt(3) * 10 ** (dbov / 20);
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round(peak * (state / 2 ** 31 - 1));
  };
  return pcm(Int16Array.from({ length: (lengthMs * rateHz) / 1_000 }, next), rateHz);
}
