/** Whether a figure grows for as long as it is watched: the straight line through the lowest values of equal stretches of time. */

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

export interface Trend {
  /** What the line gains over an hour. */
  readonly perHour: number;
  /** Twice the standard error of that: with less, it cannot be told from none. */
  readonly uncertainty: number;
  /** What it gains from the first sample to the last. */
  readonly gained: number;
  /** Of the stretches, on average. */
  readonly mean: number;
}

/** Collected garbage shows in the lowest values only, and each stretch should have one. */
const STRETCHES = 12;
const HOUR_MS = 3_600_000;

/** Undefined when there are too few samples for a line. */
export function trendOf(samples: readonly Sample[]): Trend | undefined {
  const lows = lowest(samples);
  if (lows.length < 4) return undefined;
  const meanX = mean(lows.map(({ atMs }) => atMs));
  const meanY = mean(lows.map(({ value }) => value));
  let xx = 0;
  let xy = 0;
  for (const { atMs, value } of lows) {
    xx += (atMs - meanX) ** 2;
    xy += (atMs - meanX) * (value - meanY);
  }
  const slope = xy / xx;
  const residuals = lows.map(({ atMs, value }) => value - meanY - slope * (atMs - meanX));
  const variance = residuals.reduce((sum, residual) => sum + residual ** 2, 0) / (lows.length - 2);
  const lastedMs = samples.at(-1)!.atMs - samples[0]!.atMs;
  return {
    perHour: slope * HOUR_MS,
    uncertainty: 2 * Math.sqrt(variance / xx) * HOUR_MS,
    gained: slope * lastedMs,
    mean: meanY,
  };
}

/** Grows, beyond doubt and by more than `tolerated` of its mean over the whole time. */
export function grows({ perHour, uncertainty, gained, mean: level }: Trend, tolerated: number): boolean {
  return perHour > uncertainty && gained > tolerated * level;
}

function lowest(samples: readonly Sample[]): Sample[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs === first.atMs) return [];
  const lows: (Sample | undefined)[] = new Array(STRETCHES).fill(undefined);
  for (const sample of samples) {
    const place = Math.min(
      STRETCHES - 1,
      Math.floor(((sample.atMs - first.atMs) / (last.atMs - first.atMs)) * STRETCHES),
    );
    const low = lows[place];
    if (low === undefined || sample.value < low.value) lows[place] = sample;
  }
  return lows.filter((low) => low !== undefined);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
