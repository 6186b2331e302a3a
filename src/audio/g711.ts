/** ITU-T G.711, the telephone network's eight bits a sample, as look-ups in tables that `alawmulaw` fills once. */
import alawmulaw from 'alawmulaw';
import { type Pcm, pcm } from './pcm.ts';

export type Law = 'ulaw' | 'alaw';

export interface G711 {
  readonly law: Law;
  /** The code of a sample of zero (μ-law), or of the nearest to it that there is (A-law: +8). */
  readonly silence: number;
  /** `into`: room to use again, of at least that length; without it, what comes back is the caller's to keep. */
  readonly decode: (codes: Uint8Array, into?: Int16Array) => Pcm<8000>;
  readonly encode: (samples: Pcm<8000>) => Uint8Array;
}

/** G.711's uniform equivalents have 14 bits (μ-law) or 13 (A-law): the lowest two of 16 never decide a code. */
const UNUSED_BITS = 2;

const CODECS: Readonly<Record<Law, G711>> = {
  ulaw: codec('ulaw', alawmulaw.mulaw),
  alaw: codec('alaw', alawmulaw.alaw),
};

/** The codec of a law. It holds no state, so that all calls share it. */
export function g711(law: Law): G711 {
  return CODECS[law];
}

function roomFor(length: number, into: Int16Array = new Int16Array(length)): Int16Array {
  return into.length === length ? into : into.subarray(0, length);
}

interface SampleCodec {
  decodeSample(code: number): number;
  encodeSample(sample: number): number;
}

function codec(law: Law, truth: SampleCodec): G711 {
  const samplesByCode = Int16Array.from({ length: 256 }, (_, code) => truth.decodeSample(code));
  // Asked for the middle of each step, alawmulaw agrees with ITU-T G.191's `ulaw_compress` and `alaw_compress` on every
  // sample; asked sample by sample it takes the other side at the decision values of negative samples.
  const codesByStep = Uint8Array.from({ length: 65_536 >> UNUSED_BITS }, (_, step) =>
    truth.encodeSample((step << UNUSED_BITS) - 32_768 + 2),
  );

  const decode = (codes: Uint8Array, into?: Int16Array): Pcm<8000> => {
    const samples = roomFor(codes.length, into);
    for (let i = 0; i < codes.length; i++) samples[i] = samplesByCode[codes[i]!]!;
    return pcm(samples, 8000);
  };
  const encode = (samples: Pcm<8000>): Uint8Array => {
    const codes = new Uint8Array(samples.length);
    for (let i = 0; i < samples.length; i++) codes[i] = codesByStep[(samples[i]! + 32_768) >> UNUSED_BITS]!;
    return codes;
  };
  return { law, silence: encode(pcm(new Int16Array(1), 8000))[0]!, decode, encode };
}
