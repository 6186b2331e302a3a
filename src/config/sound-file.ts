/** Whether a recording can be played to a caller: a WAV file that Twilio's `<Play>` takes, or the stream, and not too long. */
import { readFileSync, statSync } from 'node:fs';
import { wavParts } from '../lib/index.ts';

/** A minute is as long as anybody listens to a goodbye; at 48 kHz, 16 bit and two channels it has 12 MB. */
export const MAX_SOUND_SECONDS = 60;
const MAX_BYTES = 12 * 1024 * 1024;
/** WAVE format tags (RFC 2361): PCM, A-law, μ-law. */
const PCM = 1;
const FORMATS: ReadonlySet<number> = new Set([PCM, 6, 7]);
/** What telephones have. */
const PHONE_RATE_HZ = 8_000;
const MAX_RATE_HZ = 48_000;
/** What the sound path takes of PCM. */
const PCM_BITS = 16;

interface Form {
  readonly tag: number;
  readonly channels: number;
  readonly rateHz: number;
  readonly bits: number;
  readonly seconds: number;
}

/** What is wrong with it, or undefined. */
export function soundProblem(path: string): string | undefined {
  const form = formOf(path);
  return typeof form === 'string' ? form : (formProblem(form) ?? lengthProblem(form, MAX_SOUND_SECONDS));
}

/** What keeps it from being sent to a caller on the stream, or undefined. */
export function streamSoundProblem(path: string, maxSeconds: number): string | undefined {
  const form = formOf(path);
  if (typeof form === 'string') return form;
  const { tag, channels, rateHz, bits } = form;
  const isPhone = channels === 1 && rateHz === PHONE_RATE_HZ && (tag !== PCM || bits === PCM_BITS);
  const other =
    'must be 16-bit PCM, μ-law or A-law with 8000 samples a second, in one channel, to be heard on the stream';
  return formProblem(form) ?? (isPhone ? lengthProblem(form, maxSeconds) : other);
}

/** Or what is wrong with it. */
function formOf(path: string): Form | string {
  let file: Buffer;
  try {
    if (statSync(path).size > MAX_BYTES) return `has more than ${MAX_BYTES / 1024 / 1024} MB`;
    file = readFileSync(path);
  } catch (error) {
    return `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
  const parts = wavParts(file);
  if (typeof parts === 'string') return parts;
  const format = Buffer.from(parts.format);
  // Microsoft's WAVEFORMATEX: tag, channels, rate, bytes a second, bytes a frame, bits a sample.
  return {
    tag: format.readUInt16LE(0),
    channels: format.readUInt16LE(2),
    rateHz: format.readUInt32LE(4),
    bits: format.readUInt16LE(14),
    seconds: parts.data.length / format.readUInt32LE(8),
  };
}

function formProblem({ tag, channels, rateHz }: Form): string | undefined {
  if (!FORMATS.has(tag)) return 'must be PCM, μ-law or A-law';
  if (channels < 1 || channels > 2) return `must have one or two channels, not ${channels}`;
  if (rateHz < PHONE_RATE_HZ || rateHz > MAX_RATE_HZ) return `must have 8000 to 48000 samples a second, not ${rateHz}`;
  return undefined;
}

function lengthProblem({ seconds }: Form, maxSeconds: number): string | undefined {
  if (!(seconds > 0)) return 'holds no sound';
  if (seconds <= maxSeconds) return undefined;
  return `must last at most ${maxSeconds} s, not ${Math.ceil(seconds)} s`;
}
