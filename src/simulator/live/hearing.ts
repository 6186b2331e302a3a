/** The sound in a client's message, at the rate at which the model listens. */
import { type Pcm, pcm } from '../../audio/index.ts';
import { INVALID_ARGUMENT, type Refusal } from './refusals.ts';

const RATE_HZ = 16_000;
const MIME_TYPE = /^audio\/pcm(?:\s*;\s*rate=(\d{4,6}))?$/iu;

/** Other rates are taken too, as by the service; the nearest sample does for a listener that only tells voice from silence. */
export function decodeAudio(blob: { readonly mimeType: string; readonly data: string }): Pcm<16000> | Refusal {
  const type = MIME_TYPE.exec(blob.mimeType);
  const bytes = Buffer.from(blob.data, 'base64');
  if (type === null || bytes.length % 2 !== 0) return INVALID_ARGUMENT;
  const sentHz = Number(type[1] ?? RATE_HZ);
  const samples = new Int16Array(Math.floor(((bytes.length / 2) * RATE_HZ) / sentHz));
  for (let i = 0; i < samples.length; i++) {
    samples[i] = bytes.readInt16LE(2 * Math.floor((i * sentHz) / RATE_HZ));
  }
  return pcm(samples, RATE_HZ);
}
