/**
 * From the phone's rate to the model's and back: streaming polyphase filters, one per stream and direction.
 * The design, its measurements and the choices against it are in docs/decisions/0002-resampler.md.
 *
 * The law of the counts: n samples pushed since the last reset, however cut, have given ceil(n × out / in) samples.
 * `flush` pushes 2 ms of silence through, which brings out the last sample that went in: n samples pushed and flushed
 * have given ceil((n + 2 ms) × out / in). Sound comes out as late as the filter's delay, at most these 2 ms.
 */
import { convolve, kaiserLowpass, type Phase, polyphase } from './fir.ts';
import { type Pcm, pcm } from './pcm.ts';
import type { Stage } from './stage.ts';

const FLUSH_MS = 2;

interface Design<In extends number, Out extends number> {
  readonly name: string;
  readonly inHz: In;
  readonly outHz: Out;
  /** outHz / inHz as a fraction in lowest terms is phases.length / step. */
  readonly step: number;
  readonly phases: readonly Phase[];
}

/**
 * At 16 kHz, cut off at a quarter of the rate: a half-band filter, of which every second tap is zero. So every second
 * sample that comes out is one that went in, untouched, and the others lie between. Delay 31 samples = 1.94 ms.
 */
const UP_8_TO_16: Design<8000, 16000> = {
  name: '8k→16k',
  inHz: 8000,
  outHz: 16000,
  step: 1,
  phases: polyphase(kaiserLowpass({ taps: 63, rateHz: 16_000, cutoffHz: 4_000, stopbandDb: 75 }), 2),
};

/**
 * At 24 kHz, every third result is kept. Cut off at 3970 Hz, a little below the new band's edge, which spends the
 * pass band's spare ripple on the stop band. Delay 48 samples = 2 ms = 16 samples that come out.
 */
const DOWN_24_TO_8: Design<24000, 8000> = {
  name: '24k→8k',
  inHz: 24000,
  outHz: 8000,
  step: 3,
  phases: polyphase(kaiserLowpass({ taps: 97, rateHz: 24_000, cutoffHz: 3_970, stopbandDb: 80 }), 1),
};

export function upsampler8to16(): Stage<8000, 16000> {
  return resampler(UP_8_TO_16);
}

export function downsampler24to8(): Stage<24000, 8000> {
  return resampler(DOWN_24_TO_8);
}

function resampler<In extends number, Out extends number>(design: Design<In, Out>): Stage<In, Out> {
  const { name, inHz, outHz, step, phases } = design;
  const silence = pcm(new Int16Array((inHz * FLUSH_MS) / 1_000), inHz);
  /** How many samples before the chunk at hand its first result looks at. */
  const history = Math.max(...phases.map(({ taps, skipsNewest }) => taps.length + skipsNewest)) - 1;
  /** The history, then the chunk at hand; grown to the largest chunk that came. */
  let line = new Float64Array(history);
  let output = new Int16Array(0);
  /** Where the next result lies after the start of the next chunk, in parts of a sample: there are phases.length to one. */
  let ahead = 0;
  let holdsSound = false;

  const push = (input: Pcm<In>): Pcm<Out> => {
    const end = input.length * phases.length;
    const count = Math.max(0, Math.ceil((end - ahead) / step));
    if (line.length < history + input.length) line = grown(line, history, input.length);
    if (output.length < count) output = new Int16Array(count);

    line.set(input, history);
    for (let i = 0, at = ahead; i < count; i++, at += step) {
      const { taps, skipsNewest } = phases[at % phases.length]!;
      const newest = history + Math.floor(at / phases.length);
      output[i] = saturated(convolve(taps, line, newest - skipsNewest));
    }
    ahead += count * step - end;
    line.copyWithin(0, input.length, input.length + history);
    holdsSound ||= input.length > 0;
    return pcm(output.subarray(0, count), outHz);
  };

  const reset = (): void => {
    line.fill(0);
    ahead = 0;
    holdsSound = false;
  };

  const flush = (): Pcm<Out> => {
    const tail = holdsSound ? push(silence) : pcm(output.subarray(0, 0), outHz);
    reset();
    return tail;
  };

  return { name, push, flush, reset };
}

function grown(line: Float64Array, history: number, chunkLength: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(history + chunkLength);
  longer.set(line.subarray(0, history));
  return longer;
}

/** To the nearest of 16 bits; too loud stays as loud as can be, where wrapping round would crack. */
function saturated(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}
