/** How late the event loop runs what is due: when it is late, everybody's sound is. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopDelay {
  /** The mean lateness since the last reading, in ms. */
  readMs(): number;
  stop(): void;
}

/** Often enough to see each stall of a frame's length. */
const RESOLUTION_MS = 10;

export function measureLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    readMs: () => {
      // It measures from one of its timers to the next; without one since the last reading there is no mean.
      const meanMs = histogram.count === 0 ? RESOLUTION_MS : histogram.mean / 1e6;
      histogram.reset();
      return Math.max(0, meanMs - RESOLUTION_MS);
    },
    stop: () => histogram.disable(),
  };
}
