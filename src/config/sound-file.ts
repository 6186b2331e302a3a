/** Whether a recording can be played to a caller: a WAV file that Twilio's `<Play>` takes, and not too long. */
import { readFileSync, statSync } from 'node:fs';

/** A minute is as long as anybody listens to a goodbye; at 48 kHz, 16 bit and two channels it has 12 MB. */
export const MAX_SOUND_SECONDS = 60;
const MAX_BYTES = 12 * 1024 * 1024;
/** WAVE format tags (RFC 2361): PCM, A-law, μ-law. */
const FORMATS: ReadonlySet<number> = new Set([1, 6, 7]);
const MIN_RATE_HZ = 8_000;
const MAX_RATE_HZ = 48_000;

/** What is wrong with it, or undefined. */
export function soundProblem(path: string): string | undefined {
  let file: Buffer;
  try {
    if (statSync(path).size > MAX_BYTES) return `has more than ${MAX_BYTES / 1024 / 1024} MB`;
    file = readFileSync(path);
  } catch (error) {
    return `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
  return wavProblem(file);
}

function wavProblem(file: Buffer): string | undefined {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') return 'is no WAV file';
  const chunks = new Map(chunksOf(file));
  const format = chunks.get('fmt ');
  const data = chunks.get('data');
  if (format === undefined || format.length < 16 || data === undefined) return 'is a WAV file without its parts';
  // Microsoft's WAVEFORMATEX: tag, channels, rate, bytes a second, bytes a frame, bits a sample.
  const [tag, channels, rateHz, bytesPerSecond] = [
    format.readUInt16LE(0),
    format.readUInt16LE(2),
    format.readUInt32LE(4),
    format.readUInt32LE(8),
  ];
  if (!FORMATS.has(tag)) return 'must be PCM, μ-law or A-law';
  if (channels < 1 || channels > 2) return `must have one or two channels, not ${channels}`;
  if (rateHz < MIN_RATE_HZ || rateHz > MAX_RATE_HZ) return `must have 8000 to 48000 samples a second, not ${rateHz}`;
  const seconds = data.length / bytesPerSecond;
  if (!(seconds > 0)) return 'holds no sound';
  if (seconds <= MAX_SOUND_SECONDS) return undefined;
  return `must last at most ${MAX_SOUND_SECONDS} s, not ${Math.ceil(seconds)} s`;
}

/** A chunk that promises more than there is has what there is. */
function* chunksOf(file: Buffer): Iterable<readonly [name: string, body: Buffer]> {
  for (let at = 12; at + 8 <= file.length; ) {
    const sizeBytes = file.readUInt32LE(at + 4);
    yield [file.toString('latin1', at, at + 4), file.subarray(at + 8, at + 8 + sizeBytes)];
    // Chunks begin at even places.
    at += 8 + sizeBytes + (sizeBytes % 2);
  }
}
