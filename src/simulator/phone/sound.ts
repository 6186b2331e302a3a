/** What a caller says, as a script names it and as it goes down the line. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { downsampler24to8, g711, type Pcm, pcm, readWav, tone } from '../../audio/index.ts';

/** The level of a tone unless it says otherwise: ITU-T P.56's usual level of speech on the telephone is near it. */
const DEFAULT_TONE_DBOV = -20;
/** Longer than any turn; it keeps a mistyped length from filling memory. */
const MAX_TONE_MS = 60_000;

const offsetMs = z.number().min(0);
const wavSource = z.strictObject({ wav: z.string().min(1), fromMs: offsetMs.optional(), toMs: offsetMs.optional() });

export const soundSource = z.union(
  [
    z
      .string()
      .min(1)
      .transform((wav) => ({ wav })),
    wavSource,
    z.strictObject({
      toneHz: z.number().min(50).max(3_900),
      lengthMs: z.number().min(20).max(MAX_TONE_MS),
      dbov: z.number().min(-70).max(-3.1).default(DEFAULT_TONE_DBOV),
    }),
  ],
  { error: 'a sound is the path of a WAV file, { wav, fromMs?, toMs? } or { toneHz, lengthMs, dbov? }' },
);

export type SoundSource = z.infer<typeof wavSource> | { toneHz: number; lengthMs: number; dbov: number };

/** The sound as μ-law. A WAV file is 16-bit mono at 8 or 24 kHz. */
export function loadSound(source: SoundSource): Uint8Array {
  const { encode } = g711('ulaw');
  if ('toneHz' in source) {
    return encode(tone({ hz: source.toneHz, lengthMs: source.lengthMs, dbov: source.dbov }, 8000));
  }
  const samples = phoneSamples(readFileSync(source.wav), source.wav);
  const at = (ms: number): number => Math.round(ms * 8);
  return encode(pcm(samples.subarray(at(source.fromMs ?? 0), at(source.toMs ?? Number.POSITIVE_INFINITY)), 8000));
}

/** A WAV file's samples as a phone has them. Throws a TypeError that names the file. */
export function phoneSamples(bytes: Uint8Array, name: string): Pcm<8000> {
  const { rateHz, samples } = readWav(bytes, name);
  if (rateHz === 8000) return pcm(samples, 8000);
  if (rateHz !== 24000) throw new TypeError(`${name}: 8000 or 24000 Hz is wanted, not ${rateHz}`);
  const stage = downsampler24to8();
  const head = Int16Array.from(stage.push(pcm(samples, 24000)));
  const tail = stage.flush();
  const whole = new Int16Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return pcm(whole, 8000);
}
