/** Linear PCM whose sample rate is part of its type, so that joining the wrong stages does not compile. */

declare const rate: unique symbol;

/** Signed 16-bit mono samples at `RateHz`. */
export type Pcm<RateHz extends number> = Int16Array & { readonly [rate]: RateHz };

/** Declares samples to be at `rateHz`; shares their memory. */
export function pcm<RateHz extends number>(samples: Int16Array, _rateHz: RateHz): Pcm<RateHz> {
  return samples as Pcm<RateHz>;
}

/** How long `sampleCount` samples last. */
export function durationMs(sampleCount: number, rateHz: number): number {
  return (sampleCount * 1_000) / rateHz;
}

/**
 * The samples as the little-endian bytes that the Live API speaks, sharing their memory: the processors that we run on
 * store them in this order.
 */
export function bytesOfPcm(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** The same as text. */
export function base64OfPcm(samples: Int16Array): string {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('base64');
}

/** Makes samples of a stream of little-endian bytes, however it is cut: half a sample waits for its other half. */
export interface PcmReader<RateHz extends number> {
  /** Shares the memory of `bytes` where their alignment allows it, and is only valid until the next call. */
  readonly push: (bytes: Uint8Array) => Pcm<RateHz>;
  /** Forgets the half sample that it may hold. */
  readonly reset: () => void;
}

export function createPcmReader<RateHz extends number>(rateHz: RateHz): PcmReader<RateHz> {
  /** The low byte of a sample whose high byte has not come yet. */
  let lowByte: number | undefined;
  let copied = new Int16Array(0);

  const push = (bytes: Uint8Array): Pcm<RateHz> => {
    if (bytes.length === 0) return pcm(copied.subarray(0, 0), rateHz);
    const carriedBytes = lowByte === undefined ? 0 : 1;
    const sampleCount = (carriedBytes + bytes.length) >> 1;
    const wholeBytes = 2 * sampleCount - carriedBytes;

    let samples: Int16Array;
    if (carriedBytes === 0 && bytes.byteOffset % 2 === 0) {
      samples = new Int16Array(bytes.buffer, bytes.byteOffset, sampleCount);
    } else {
      if (copied.length < sampleCount) copied = new Int16Array(sampleCount);
      samples = copied.subarray(0, sampleCount);
      const target = bytesOfPcm(samples);
      if (lowByte !== undefined) target[0] = lowByte;
      target.set(bytes.subarray(0, wholeBytes), carriedBytes);
    }
    lowByte = wholeBytes < bytes.length ? bytes[wholeBytes] : undefined;
    return pcm(samples, rateHz);
  };

  const reset = (): void => {
    lowByte = undefined;
  };

  return { push, reset };
}
