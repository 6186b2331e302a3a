/** The kernel of `convolve.wat`, which `npm run build` puts beside the built code: the same sound as in TypeScript, in a fraction of the time. */
import { readFileSync } from 'node:fs';
import { type Filter, type Kernel, MAX_CHUNK } from './kernel.ts';

/** What is used of it; Node's types leave WebAssembly to those of the browser. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  resample(
    input: number,
    length: number,
    history: number,
    line: number,
    phases: number,
    phaseCount: number,
    step: number,
    ahead: number,
    count: number,
    output: number,
  ): void;
}

const SAMPLE_BYTES = 2;
const FLOAT_BYTES = 4;
/** Taps' address, their number, and how many of the newest samples they leave out. */
const PHASE_BYTES = 12;
/** Results are made by fours of a phase: with two phases, up to seven more than are wanted, of samples behind the last. */
const SPARE = 16;
/** The samples of a chunk and of any history before it, the same in 32 bits, and what comes out: twice as many at the most. */
const INPUT = 0;
const LINE = INPUT + (2 * MAX_CHUNK + SPARE) * SAMPLE_BYTES;
const OUTPUT = LINE + (2 * MAX_CHUNK + SPARE) * FLOAT_BYTES;
const FILTERS = OUTPUT + (2 * MAX_CHUNK + SPARE) * SAMPLE_BYTES;

const BUILT = new URL('./convolve.wasm', import.meta.url);

/**
 * undefined: it was not built, as where the sources are run as they are, or is not whole, or the processor has no SIMD. Sound is
 * then made in TypeScript.
 */
export function builtKernel(built = BUILT): Kernel | undefined {
  try {
    return wasmKernel(readFileSync(built));
  } catch {
    return undefined;
  }
}

/** Throws WebAssembly.CompileError where there is no SIMD, or the bytes are others. */
export function wasmKernel(bytes: Uint8Array): Kernel {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { memory, resample } = instance.exports as Exports;
  const { buffer } = memory;
  const inputs = new Int16Array(buffer, INPUT, 2 * MAX_CHUNK);
  const outputs = new Int16Array(buffer, OUTPUT, 2 * MAX_CHUNK);
  const addresses = new Map<Filter, number>();
  let free = FILTERS;
  let results = outputs.subarray(0, 0);

  /** The table of the filter's phases, written once. */
  const addressOf = (filter: Filter): number => {
    const known = addresses.get(filter);
    if (known !== undefined) return known;
    const table = filter.phases.map(({ taps, skipsNewest }) => {
      const address = free;
      new Float32Array(buffer, address, taps.length).set(taps);
      free += taps.byteLength;
      return [address, taps.length, skipsNewest];
    });
    const address = free;
    new Int32Array(buffer, address, table.length * 3).set(table.flat());
    free += table.length * PHASE_BYTES;
    addresses.set(filter, address);
    return address;
  };

  return {
    run(filter, state, input, output, count) {
      const { phases, step, history } = filter;
      inputs.set(state.samples);
      inputs.set(input, history);
      const length = history + input.length;
      const address = addressOf(filter);
      resample(INPUT, length, history, LINE, address, phases.length, step, state.ahead, count, OUTPUT);
      if (results.length !== count) results = outputs.subarray(0, count);
      output.set(results);
      for (let i = 0; i < history; i++) state.samples[i] = inputs[input.length + i]!;
    },
  };
}
