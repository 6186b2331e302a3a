/** How long to wait before trying again: grows by a factor, is capped, and is spread so that many do not come at once. */

export interface Backoff {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** 0.2 spreads each delay evenly over ±20 %. */
  readonly jitter: number;
}

/** The delay after failed attempt number `attempt` (from 1), in milliseconds. `fraction` is a number in [0, 1). */
export function backoffMs(backoff: Backoff, attempt: number, fraction: number): number {
  const plain = Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** (attempt - 1));
  return Math.round(plain * (1 + backoff.jitter * (2 * fraction - 1)));
}
