/** Time comes in by the door: everything that waits or measures is given a Clock, so that tests wind it by hand. */

/** Cancels what it came from; calling it again, or too late, does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the Unix epoch, with fractions. Never goes backwards while the process lives. */
  nowMs(): number;
  /** The wall clock, steps and all: for what others compare with their own clocks, and for nothing that is measured. */
  wallMs(): number;
  /** Runs once, `delayMs` from now. */
  after(delayMs: number, run: () => void): Cancel;
  /** Runs every `periodMs`; a run that comes late is not made up for. */
  every(periodMs: number, run: () => void): Cancel;
}

/** The real time: the wall clock as it was at start, carried on by the monotonic timer, so that NTP steps do not show. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    return () => clearInterval(timer);
  },
};

/**
 * Settles as `work` does, or rejects with `failure()` when that takes longer than `limitMs`.
 * The work itself is not stopped; give it an AbortSignal where it takes one.
 *
 * The time is waited for in two halves: timers run before what has arrived is read, so that a stall of this process as long
 * as the limit would be taken for the other side's. It uses up one half, and then the answer is read.
 */
export function withDeadline<T>(clock: Clock, limitMs: number, work: Promise<T>, failure: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const halfMs = limitMs / 2;
    let cancel = clock.after(halfMs, () => {
      cancel = clock.after(halfMs, () => reject(failure()));
    });
    work.then(resolve, reject).finally(() => cancel());
  });
}
