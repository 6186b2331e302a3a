/** WAV files of what we speak inside, 16-bit mono PCM, and of what telephones have: for fixtures, recordings and taps. */
import wavefile from 'wavefile';
import { wavParts } from '../lib/index.ts';
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

/** WAVEFORMATEXTENSIBLE, the longest that there is. */
const MAX_FORMAT_BYTES = 40;

/** Throws a TypeError that names the file and says what it is, if it is anything but 16-bit mono PCM. */
export function readWav(bytes: Uint8Array, name = 'the sound'): Wav {
  const file = parsed(bytes, name);
  const { numChannels, sampleRate } = file.fmt as { numChannels: number; sampleRate: number };
  // '16' is wavefile's word for linear PCM only; other encodings of 16 bits or fewer have words of their own.
  if (file.bitDepth !== '16' || numChannels !== 1) {
    throw new TypeError(
      `${name}: a WAV of 16-bit mono PCM is wanted, this one has bit depth ${file.bitDepth}, channels ${numChannels}`,
    );
  }
  // wavefile's types say Float64Array; it makes what it is asked for.
  const samples = file.getSamples(false, Int16Array) as unknown as Int16Array;
  return { rateHz: sampleRate, samples };
}

/** Throws a TypeError that names the file and says what it is, if it is anything but mono at 8 kHz, of 16-bit PCM, μ-law or A-law. */
export function readPhoneWav(bytes: Uint8Array, name = 'the sound'): Pcm<8000> {
  const file = parsed(bytes, name);
  const { numChannels, sampleRate } = file.fmt as { numChannels: number; sampleRate: number };
  const law = LAWS.get(file.bitDepth);
  if (numChannels !== 1 || sampleRate !== 8000 || (law === undefined && file.bitDepth !== '16')) {
    throw new TypeError(
      `${name}: a WAV of 16-bit PCM, μ-law or A-law at 8000 Hz in mono is wanted, this one has bit depth ${file.bitDepth}, ${sampleRate} Hz, channels ${numChannels}`,
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

/** wavefile gets format and sound alone: what a broken `cue ` or `smpl` promises, it takes memory for. */
function parsed(bytes: Uint8Array, name: string): wavefile.WaveFile {
  const parts = wavParts(bytes);
  if (typeof parts === 'string') throw new TypeError(`${name} ${parts}`);
  const chunks = [chunk('fmt ', parts.format.subarray(0, MAX_FORMAT_BYTES)), chunk('data', parts.data)];
  try {
    return new wavefile.WaveFile(chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks])));
  } catch (error) {
    throw new TypeError(`${name} is no WAV file that can be read: export it again`, { cause: error });
  }
}

function chunk(name: string, body: Uint8Array): Uint8Array {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(body.length, 4);
  // Chunks begin at even places.
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}
