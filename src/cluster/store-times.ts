/** How long processes wait for each other, in Redis. */

export interface StoreTimes {
  readonly beatMs: number;
  /** Without a beat for so long, a process counts as dead. */
  readonly leaseMs: number;
  /** How long a call of the dead waits to be taken up; then it is settled. */
  readonly orphanMs: number;
  /** How long an ended call is remembered. */
  readonly endedMs: number;
}

/**
 * Three beats missed are more than a garbage collection or a busy moment, and a caller bears the silence. Twilio asks again
 * within seconds, by itself or because we have it asked; after a minute nobody is on the line.
 */
export const STORE_TIMES: StoreTimes = { beatMs: 1_000, leaseMs: 3_000, orphanMs: 60_000, endedMs: 10 * 60_000 };
