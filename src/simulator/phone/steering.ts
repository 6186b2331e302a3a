/** How a call is led away from the document that it follows: said from outside, and noticed by whatever the call waits for. */
import type { Destination } from './switchboard.ts';

export interface Steering {
  /** Aborted when the call is to leave its document; each document has its own. */
  readonly signal: AbortSignal;
  /** The last destination counts. */
  lead(to: Destination): void;
  /** Where the call was led, if it was; the next document then begins. */
  take(): Destination | undefined;
}

export function createSteering(): Steering {
  let abort = new AbortController();
  let destination: Destination | undefined;
  return {
    get signal() {
      return abort.signal;
    },
    lead(to) {
      destination = to;
      abort.abort();
    },
    take() {
      const taken = destination;
      destination = undefined;
      if (taken !== undefined) abort = new AbortController();
      return taken;
    },
  };
}
