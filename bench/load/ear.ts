/** What a phone does with the sound that comes: it listens for words of pulses, and says how long the sound is. */
import { g711 } from '../../src/audio/index.ts';
import { createWordFinder } from './pulses.ts';

/** Takes a payload in base64; returns its length in ms. */
export type Ear = (payload: string, atMs: number) => number;

/** `linear` is what a relay passes on that does not transcode: 16 bits at 24 kHz. */
export type Sound = 'ulaw' | 'linear';

/** Five seconds of linear sound. */
const MAX_BYTES = 256 * 1024;
const RATE_HZ = { ulaw: 8_000, linear: 24_000 } as const;

const ulaw = g711('ulaw');
const scratch = Buffer.alloc(MAX_BYTES);
const scratchSamples = new Int16Array(scratch.buffer, scratch.byteOffset, MAX_BYTES / 2);

export function createEar(sound: Sound, heard: (digit: number, atMs: number, offsetMs: number) => void): Ear {
  const finder = createWordFinder(RATE_HZ[sound], 1, ({ digits, at, offsetMs }) => heard(digits[0]!, at, offsetMs));
  return (payload, atMs) => {
    const bytes = scratch.write(payload, 'base64');
    const samples = sound === 'ulaw' ? ulaw.decode(scratch.subarray(0, bytes)) : scratchSamples;
    const length = sound === 'ulaw' ? bytes : bytes >> 1;
    finder.push(samples, length, atMs);
    return (length * 1_000) / RATE_HZ[sound];
  };
}
