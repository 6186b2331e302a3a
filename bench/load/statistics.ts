/** Percentiles, medians and ratios: how a bench's many figures become few. */

/** By the nearest rank; undefined of nothing. */
export function percentile(values: readonly number[], share: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

/** The mean of the two in the middle where there is no middle one. What is undefined does not count. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The median of the ratios within each round: what the machine did to one round, it did to both sides of it. */
export function medianRatio(
  rounds: readonly { readonly of: number | undefined; readonly to: number | undefined }[],
): number | undefined {
  return median(rounds.map(({ of, to }) => (of === undefined || to === undefined || to === 0 ? undefined : of / to)));
}
