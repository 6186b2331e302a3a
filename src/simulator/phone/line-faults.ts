/** What can go wrong with a media stream on the caller's side of the service, each at its time on the call. */
import { z } from 'zod';

const milliseconds = z.number().min(0).max(600_000);
/** Since the call was answered. */
const atMs = milliseconds;
const lengthMs = milliseconds;

export const lineFault = z.discriminatedUnion('fault', [
  /** No media, and the caller's sound with it; afterwards timestamps have jumped on. */
  z.strictObject({ fault: z.literal('gap'), atMs, lengthMs }),
  /** No media, and the caller's sound with it; afterwards timestamps go on as if no time had passed. */
  z.strictObject({ fault: z.literal('silence'), atMs, lengthMs }),
  /** Frames are discarded on the way: chunk, sequence number and timestamp all jump. */
  z.strictObject({ fault: z.literal('loss'), atMs, lengthMs }),
  /** Frames are held back and come all at once; nothing is lost. */
  z.strictObject({ fault: z.literal('burst'), atMs, lengthMs }),
  /** Timestamps go on from `toMs`, behind or before where they were. */
  z.strictObject({ fault: z.literal('timestamps'), atMs, toMs: milliseconds }),
  /** The connection is cut without `stop` or close: 1006 to the service. */
  z.strictObject({ fault: z.literal('cut'), atMs }),
  /** Nothing is read from the service, which notices it by its own buffer only. */
  z.strictObject({ fault: z.literal('slowReader'), atMs, lengthMs }),
  /** A second stream for the same call, with the same parameters, while the first goes on. */
  z.strictObject({ fault: z.literal('secondStream'), atMs }),
]);

export type LineFault = z.infer<typeof lineFault>;

/** The faults of one call, whichever of its streams they hit; each is given out once. */
export interface LineFaults {
  due(elapsedMs: number): readonly LineFault[];
}

export function createLineFaults(faults: readonly LineFault[]): LineFaults {
  const waiting = [...faults].sort((a, b) => a.atMs - b.atMs);
  const none: readonly LineFault[] = [];
  return {
    due(elapsedMs) {
      let count = 0;
      while (waiting[count] !== undefined && waiting[count]!.atMs <= elapsedMs) count += 1;
      return count === 0 ? none : waiting.splice(0, count);
    },
  };
}
