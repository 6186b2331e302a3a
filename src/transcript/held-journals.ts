/** Journals whose calls may go on, held until somebody takes the call up or nobody will any more. */
import { rm } from 'node:fs/promises';
import { type AsideOptions, setAside } from './aside.ts';
import { transferOf } from './earlier.ts';
import { readJournalIfAny } from './journal.ts';
import { moved } from './orphans.ts';
import { heldLongerMs } from './transfer.ts';
import type { Judged, Whereabouts } from './whereabouts.ts';

/** Twilio asks again within seconds, by itself or because we have it asked; a process is started anew within the minute. */
const HOLD_MS = 60_000;
/** As long as others may take to settle a call that they know of; then this journal is settled, and the queue takes one. */
const MAX_HOLD_MS = 5 * 60_000;
export const LACKING = 'another process goes on with the call, and does not have all that this journal says';

export interface LeaveOptions extends AsideOptions {
  readonly logger: AsideOptions['logger'] & { warn(fields: object, message: string): void };
}

/** What a dead process left, by what was judged of it. Whether another process has the call: then this journal is disposed of. */
export async function leftToOther(
  options: LeaveOptions,
  { callId, path, judged }: { readonly callId: string; readonly path: string; readonly judged: Judged },
): Promise<boolean> {
  if (judged === 'lacking') {
    await setAside(options, { callId, path, why: LACKING });
  } else if (judged === 'elsewhere') {
    await rm(path, { force: true });
    options.logger.warn({ callId }, 'journal of a dead process removed: its call is in the hands of another');
  }
  return judged === 'lacking' || judged === 'elsewhere';
}

interface Held {
  readonly path: string;
  readonly sinceMs: number;
}

export interface HeldJournalsOptions extends LeaveOptions {
  /** Where a journal is settled. */
  readonly pathOf: (callId: string) => string;
  readonly settle: (callId: string) => void;
}

export class HeldJournals {
  readonly #options: HeldJournalsOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: HeldJournalsOptions) {
    this.#options = options;
  }

  add(callId: string, path: string): void {
    this.#held.set(callId, { path, sinceMs: this.#options.clock.nowMs() });
  }

  /** Settles those that nobody took within the time, and removes those that are not needed any more. */
  async settleDue({ judge }: Whereabouts): Promise<void> {
    const { clock, logger, pathOf, settle } = this.#options;
    for (const [callId, { path, sinceMs }] of this.#held) {
      const heldMs = clock.nowMs() - sinceMs;
      if (heldMs < HOLD_MS) continue;
      const entries = (await readJournalIfAny(path))?.entries ?? [];
      if (heldMs < HOLD_MS + heldLongerMs(transferOf(entries))) continue;
      const judged = await judge(callId, { entries });
      if (judged === 'open' && heldMs < MAX_HOLD_MS) continue;
      this.#held.delete(callId);
      if (await leftToOther(this.#options, { callId, path, judged })) continue;
      if (await moved(path, pathOf(callId))) {
        settle(callId);
        logger.warn({ callId }, 'journal of a dead process recovered: nobody took its call up');
      }
    }
  }
}
