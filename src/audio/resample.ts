/**
 * From the phone's rate to the model's and back: streaming polyphase filters, one per stream and direction.
 * The design, its measurements and the choices against it are in docs/decisions/0002-resampler.md.
 *
 * The law of the counts: n samples pushed since the last reset, however cut, have given ceil(n × out / in) samples.
 * `flush` pushes 2.25 ms of silence through, which brings out the last sample that went in: n samples pushed and flushed
 * have given ceil((n + 2.25 ms) × out / in). Sound comes out as late as the filter's delay, a little less than that.
 */
import { kaiserLowpass, polyphase } from './fir.ts';
import { type Filter, type FilterState, type Kernel, MAX_CHUNK, resultsOf, typescriptKernel } from './kernel.ts';
import { type Pcm, pcm } from './pcm.ts';
import type { Stage } from './stage.ts';
import { builtKernel } from './wasm-kernel.ts';

/** More than either filter's delay, and whole samples at each rate. */
const FLUSH_MS = 2.25;

/** outHz / inHz as a fraction in lowest terms is phases.length / step. */
interface Design<In extends number, Out extends number> extends Filter {
  readonly name: string;
  readonly inHz: In;
  readonly outHz: Out;
}

/**
 * At 16 kHz, cut off at a quarter of the rate: a half-band filter, of which every second tap is zero. So every second
 * sample that comes out is one that went in, untouched, and the others lie between. Delay 35 samples = 2.19 ms.
 */
const UP_8_TO_16 = design({
  name: '8k→16k',
  inHz: 8000,
  outHz: 16000,
  step: 1,
  phases: polyphase(kaiserLowpass({ taps: 71, rateHz: 16_000, cutoffHz: 4_000, stopbandDb: 83 }), 2),
});

/**
 * At 24 kHz, every third result is kept. Cut off at 3970 Hz, a little below the new band's edge, which spends the
 * pass band's spare ripple on the stop band. Delay 51 samples = 2.13 ms = 17 samples that come out.
 */
const DOWN_24_TO_8 = design({
  name: '24k→8k',
  inHz: 24000,
  outHz: 8000,
  step: 3,
  phases: polyphase(kaiserLowpass({ taps: 103, rateHz: 24_000, cutoffHz: 3_970, stopbandDb: 82 }), 1),
});

const KERNEL = builtKernel() ?? typescriptKernel;

export function upsampler8to16(kernel = KERNEL): Stage<8000, 16000> {
  return resampler(UP_8_TO_16, kernel);
}

export function downsampler24to8(kernel = KERNEL): Stage<24000, 8000> {
  return resampler(DOWN_24_TO_8, kernel);
}

function resampler<In extends number, Out extends number>(design: Design<In, Out>, kernel: Kernel): Stage<In, Out> {
  const { name, inHz, outHz, history } = design;
  const silence = pcm(new Int16Array((inHz * FLUSH_MS) / 1_000), inHz);
  const state: FilterState = { samples: new Int16Array(history), ahead: 0 };
  /** Grown to the largest chunk that came, and what of it the last one gave. */
  let output = new Int16Array(0);
  let given = output;
  let holdsSound = false;

  const push = (input: Pcm<In>): Pcm<Out> => {
    const count = resultsOf(design, state, input.length);
    if (output.length < count) output = new Int16Array(count);
    for (let from = 0, made = 0; from < input.length; from += MAX_CHUNK) {
      const part = input.length <= MAX_CHUNK ? input : input.subarray(from, from + MAX_CHUNK);
      const results = resultsOf(design, state, part.length);
      kernel.run(design, state, part, made === 0 ? output : output.subarray(made), results);
      state.ahead += results * design.step - part.length * design.phases.length;
      made += results;
    }
    holdsSound ||= input.length > 0;
    // Chunks are mostly of one length.
    if (given.buffer !== output.buffer || given.length !== count) given = output.subarray(0, count);
    return pcm(given, outHz);
  };

  const reset = (): void => {
    state.samples.fill(0);
    state.ahead = 0;
    holdsSound = false;
  };

  const flush = (): Pcm<Out> => {
    const tail = holdsSound ? push(silence) : pcm(output.subarray(0, 0), outHz);
    reset();
    return tail;
  };

  return { name, push, flush, reset };
}

function design<In extends number, Out extends number>(parts: Omit<Design<In, Out>, 'history'>): Design<In, Out> {
  const history = Math.max(...parts.phases.map(({ taps, skipsNewest }) => taps.length + skipsNewest)) - 1;
  return { ...parts, history };
}
