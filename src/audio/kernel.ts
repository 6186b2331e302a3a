/** The work of resampling: one chunk through one filter. In TypeScript here, and the same in WebAssembly where that was built. */
import { convolve, type Phase } from './fir.ts';

/** A filter as it is run: results lie `step` parts of a sample apart, and there are `phases.length` parts to a sample. */
export interface Filter {
  readonly step: number;
  readonly phases: readonly Phase[];
  /** How many samples before a chunk its first result looks at. */
  readonly history: number;
}

/** What is between one chunk of a stream and the next. */
export interface FilterState {
  /** The newest samples, oldest first: as many as the filter's history. */
  readonly samples: Int16Array;
  /** Where the next result lies after the start of the next chunk, in parts of a sample. */
  ahead: number;
}

export interface Kernel {
  /** Puts up to MAX_CHUNK samples through, and the `count` results that they give into `output`. Moves the history on, and no more of the state. */
  run(filter: Filter, state: FilterState, input: Int16Array, output: Int16Array, count: number): void;
}

/** A tenth of a second at 24 kHz: more is put through in parts, which makes no difference to what comes out. */
export const MAX_CHUNK = 2_400;

/** How many results a chunk of `length` gives. */
export function resultsOf({ phases, step }: Filter, { ahead }: FilterState, length: number): number {
  return Math.max(0, Math.ceil((length * phases.length - ahead) / step));
}

/** Of any filter: its history is a fraction of this. All streams work on it, one after the other. */
const line = new Int16Array(2 * MAX_CHUNK);

export const typescriptKernel: Kernel = {
  run({ phases, step, history }, state, input, output, count) {
    line.set(state.samples);
    line.set(input, history);
    for (let i = 0, at = state.ahead; i < count; i++, at += step) {
      const { taps, skipsNewest } = phases[at % phases.length]!;
      const newest = history + Math.floor(at / phases.length);
      output[i] = saturated(convolve(taps, line, newest - skipsNewest));
    }
    state.samples.set(line.subarray(input.length, input.length + history));
  },
};

/** To the nearest of 16 bits; too loud stays as loud as can be, where wrapping round would crack. */
function saturated(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.floor(Math.fround(value + 0.5))));
}
