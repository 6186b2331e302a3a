/** Linear PCM whose sample rate is part of its type, so that joining the wrong stages does not compile. */

declare const rate: unique symbol;

/** Signed 16-bit mono samples at `RateHz`. */
export type Pcm<RateHz extends number> = Int16Array & { readonly [rate]: RateHz };

/** Declares samples to be at `rateHz`; shares their memory. */
export function pcm<RateHz extends number>(samples: Int16Array, _rateHz: RateHz): Pcm<RateHz> {
  return samples as Pcm<RateHz>;
}
