import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chain, downsampler24to8, type Stage, upsampler8to16 } from '../../../src/audio/index.ts';
import { cuts, samples, through } from './sound.ts';

interface Subject {
  readonly make: () => Stage<number, number>;
  /** How many samples n of them become, and how many after `flush`. */
  readonly pushed: (n: number) => number;
  readonly flushed: (n: number) => number;
}

/** The laws hold at any rate, so that here, and only here, the rates in the types are laid aside. */
const anyRate = (stage: unknown): Stage<number, number> => stage as Stage<number, number>;
const third = (n: number): number => Math.ceil(n / 3);

const subjects: Record<string, Subject> = {
  '8k→16k': {
    make: () => anyRate(upsampler8to16()),
    pushed: (n) => 2 * n,
    flushed: (n) => 2 * (n + 18),
  },
  '24k→8k': {
    make: () => anyRate(downsampler24to8()),
    pushed: third,
    flushed: (n) => third(n + 54),
  },
  'a chain of both': {
    make: () => anyRate(chain(downsampler24to8(), upsampler8to16())),
    pushed: (n) => 2 * third(n),
    flushed: (n) => 2 * (third(n + 54) + 18),
  },
};

describe.each(Object.entries(subjects))('%s', (_, { make, pushed, flushed }) => {
  test('gives the same, however its input was cut', () => {
    fc.assert(
      fc.property(samples, cuts, (input, chunks) => {
        expect(through(make(), input, { chunks })).toEqual(through(make(), input));
      }),
    );
  });

  test('gives the exact count of samples, flushed or not', () => {
    fc.assert(
      fc.property(samples, cuts, (input, chunks) => {
        expect(through(make(), input, { chunks, flush: false })).toHaveLength(pushed(input.length));
        if (input.length > 0) expect(through(make(), input, { chunks })).toHaveLength(flushed(input.length));
      }),
    );
  });

  test('makes silence of silence', () => {
    const output = through(make(), new Int16Array(999), { chunks: [240] });
    expect(output.every((sample) => sample === 0)).toBe(true);
  });

  test('is as new after a flush and after a reset', () => {
    fc.assert(
      fc.property(samples, samples, (before, input) => {
        const stage = make();
        const fresh = through(make(), input);
        through(stage, before);
        expect(through(stage, input)).toEqual(fresh);
        through(stage, before, { flush: false });
        stage.reset();
        expect(through(stage, input)).toEqual(fresh);
      }),
    );
  });

  test('has nothing to flush when nothing went in', () => {
    const stage = make();
    expect(stage.flush()).toHaveLength(0);
    through(stage, Int16Array.of(1, 2, 3));
    expect(stage.flush()).toHaveLength(0);
  });

  test('shares nothing with another of its kind', () => {
    fc.assert(
      fc.property(samples, samples, (mine, other) => {
        const alone = through(make(), mine);
        const stage = make();
        const neighbour = make();
        const half = mine.length >> 1;
        const begun = [...stage.push(mine.subarray(0, half) as never)];
        neighbour.push(other as never);
        const rest = [...stage.push(mine.subarray(half) as never)];
        neighbour.flush();
        expect([...begun, ...rest, ...stage.flush()]).toEqual([...alone]);
      }),
    );
  });

  test('saturates where a filter overshoots, and never wraps round', () => {
    // A full-scale square wave of 500 Hz at 24 kHz: its edges make every low-pass overshoot by about 9 %.
    const square = Int16Array.from({ length: 4_800 }, (_, i) => (i % 48 < 24 ? 32_767 : -32_768));
    const output = through(make(), square);
    expect(output.includes(32_767)).toBe(true);
    expect(output.includes(-32_768)).toBe(true);
    // The half waves last for some 16 samples at the least. Wrapped, the tops would show as a change of sign inside one.
    const changes = output
      .slice(1)
      .filter(
        (sample, i) => Math.abs(sample) > 20_000 && Math.abs(output[i]!) > 20_000 && sample > 0 !== output[i]! > 0,
      );
    expect(changes).toHaveLength(0);
  });
});
