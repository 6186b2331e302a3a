/** WAV files of what we speak inside, 16-bit mono PCM, and of what telephones have: for fixtures, recordings and taps. */
import wavefile from 'wavefile';
import { g711, type Law } from './g711.ts';
import { type Pcm, pcm } from './pcm.ts';

/** wavefile's words for the encodings of G.711. */
const LAWS: ReadonlyMap<string, Law> = new Map([
  ['8m', 'ulaw'],
  ['8a', 'alaw'],
]);

export interface Wav {
  readonly rateHz: number;
  readonly samples: Int16Array;
}

/** Throws a TypeError that says what the bytes are, if they are anything but 16-bit mono PCM. */
export function readWav(bytes: Uint8Array): Wav {
  const file = parsed(bytes);
  const { numChannels, sampleRate } = file.fmt as { numChannels: number; sampleRate: number };
  // '16' is wavefile's word for linear PCM only; other encodings of 16 bits or fewer have words of their own.
  if (file.bitDepth !== '16' || numChannels !== 1) {
    throw new TypeError(
      `a WAV of 16-bit mono PCM is wanted, this one has bit depth ${file.bitDepth}, channels ${numChannels}`,
    );
  }
  // wavefile's types say Float64Array; it makes what it is asked for.
  const samples = file.getSamples(false, Int16Array) as unknown as Int16Array;
  return { rateHz: sampleRate, samples };
}

/** Throws a TypeError that says what the bytes are, if they are anything but mono at 8 kHz, of 16-bit PCM, μ-law or A-law. */
export function readPhoneWav(bytes: Uint8Array): Pcm<8000> {
  const file = parsed(bytes);
  const { numChannels, sampleRate } = file.fmt as { numChannels: number; sampleRate: number };
  const law = LAWS.get(file.bitDepth);
  if (numChannels !== 1 || sampleRate !== 8000 || (law === undefined && file.bitDepth !== '16')) {
    throw new TypeError(
      `a WAV of 16-bit PCM, μ-law or A-law at 8000 Hz in mono is wanted, this one has bit depth ${file.bitDepth}, ${sampleRate} Hz, channels ${numChannels}`,
    );
  }
  if (law === undefined) return pcm(file.getSamples(false, Int16Array) as unknown as Int16Array, 8000);
  return g711(law).decode(file.getSamples(false, Uint8Array) as unknown as Uint8Array);
}

export function writeWav(samples: Int16Array, rateHz: number): Uint8Array {
  const file = new wavefile.WaveFile();
  file.fromScratch(1, rateHz, '16', samples);
  return file.toBuffer();
}

function parsed(bytes: Uint8Array): wavefile.WaveFile {
  try {
    return new wavefile.WaveFile(bytes);
  } catch (error) {
    throw new TypeError('these bytes are no WAV file', { cause: error });
  }
}
