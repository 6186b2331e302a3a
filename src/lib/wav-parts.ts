/** Format and sound of a WAV file, by its table of chunks; what else is in it is looked over and not believed. */

/** Editors write a dozen; a file of heads alone could have more than a million. */
const MAX_CHUNKS = 1_000;
/** A chunk's name and its size. */
const HEAD_BYTES = 8;
/** Microsoft's WAVEFORMAT with the bits of a sample. */
const LEAST_FORMAT_BYTES = 16;

export interface WavParts {
  /** The body of `fmt `. */
  readonly format: Uint8Array;
  /** The body of `data`; where the file promises more than it has, what it has. */
  readonly data: Uint8Array;
}

/** Or what is wrong with it, such as "is no WAV file". */
export function wavParts(file: Uint8Array): WavParts | string {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const name = (at: number): string => String.fromCharCode(...file.subarray(at, at + 4));
  if (name(0) !== 'RIFF' || name(8) !== 'WAVE') return 'is no WAV file';
  const found = new Map<string, Uint8Array>();
  let chunks = 0;
  for (let at = 12; at + HEAD_BYTES <= file.length; ) {
    chunks += 1;
    if (chunks > MAX_CHUNKS)
      return `is a WAV file of more than ${MAX_CHUNKS} chunks: export it again, with its sound alone`;
    const sizeBytes = view.getUint32(at + 4, true);
    const body = file.subarray(at + HEAD_BYTES, at + HEAD_BYTES + sizeBytes);
    if (!found.has(name(at))) found.set(name(at), body);
    // Chunks begin at even places.
    at += HEAD_BYTES + sizeBytes + (sizeBytes % 2);
  }
  const format = found.get('fmt ');
  const data = found.get('data');
  if (format === undefined || format.length < LEAST_FORMAT_BYTES || data === undefined) {
    return 'is a WAV file without its parts';
  }
  return { format, data };
}
