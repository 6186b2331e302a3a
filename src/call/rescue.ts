/**
 * Has the provider ask what comes next about a caller whom nobody hears: the stream, or the process that held it, is gone, and the
 * provider has not come back by itself.
 */
import { asFailure, type Cancel, type Clock } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallControl } from '../telephony/index.ts';
import { RECALL_MS } from './returns.ts';

/** Asked, the provider comes within a second; a call that waits for its stream gives up by then. */
const ASK_AGAIN_AFTER_MS = 30_000;
/** Twilio asks by itself within about a second, when it does; a caller who hears nothing does not wait for long. */
export const ASK_AFTER_MS = 2_000;
/** That a process is dead is known late, so that Twilio has had most of that time. */
export const ASK_ABOUT_ORPHAN_AFTER_MS = 1_000;

export interface RescueOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures' | 'rescues'>;
  /** undefined: nobody can be asked; then only the provider's own return helps. */
  readonly control: CallControl | undefined;
  /** Where the provider is to ask. */
  readonly url: string;
}

interface Waiting {
  readonly cancel: Cancel;
  readonly asking?: Asking;
}

interface Asking {
  readonly unwanted: AbortController;
  /** undefined: it goes on. */
  doneMs: number | undefined;
}

export class Rescue {
  readonly #options: RescueOptions;
  /** Calls that are waited for, or were asked for not long ago. */
  readonly #waiting = new Map<string, Waiting>();
  #closed = false;

  constructor(options: RescueOptions) {
    this.#options = options;
  }

  /** After `afterMs`, if the caller `isLost` still. `over`: there is no such call any more. */
  begin(callId: string, afterMs: number, isLost: () => Promise<boolean>, over: () => void): void {
    if (this.#closed || this.#waiting.has(callId)) return;
    const cancel = this.#options.clock.after(afterMs, () => void this.#ask(callId, isLost, over));
    this.#waiting.set(callId, { cancel });
  }

  /**
   * The caller is back, or gone: the provider is asked no more. Whether it was asked just now: then it may leave the stream by
   * which the caller has come back, and ask what comes next.
   */
  end(callId: string): boolean {
    const waiting = this.#waiting.get(callId);
    waiting?.cancel();
    this.#waiting.delete(callId);
    if (waiting?.asking === undefined) return false;
    const { unwanted, doneMs } = waiting.asking;
    unwanted.abort();
    return doneMs === undefined || this.#options.clock.nowMs() - doneMs < RECALL_MS;
  }

  close(): void {
    this.#closed = true;
    for (const callId of [...this.#waiting.keys()]) this.end(callId);
  }

  /** Never rejects. */
  async #ask(callId: string, isLost: () => Promise<boolean>, over: () => void): Promise<void> {
    const { clock, control, url, logger, metrics } = this.#options;
    const cancel = clock.after(ASK_AGAIN_AFTER_MS, () => this.#waiting.delete(callId));
    this.#waiting.set(callId, { cancel });
    const asking: Asking = { unwanted: new AbortController(), doneMs: undefined };
    const { signal } = asking.unwanted;
    try {
      if (!(await isLost()) || !this.#waiting.has(callId)) return;
      if (control === undefined) {
        logger.warn({ callId }, 'a caller waits, and without TWILIO_ACCOUNT_SID nobody can have Twilio ask again');
        return;
      }
      this.#waiting.set(callId, { cancel, asking });
      const result = await control.redirect(callId, url, signal);
      metrics.rescues.inc({ result });
      logger.warn({ callId, result }, 'provider asked to come back for a caller who lost the stream');
      if (result === 'over') over();
    } catch (error) {
      if (signal.aborted) return;
      const failure = asFailure(error, 'PROVIDER_REST');
      metrics.rescues.inc({ result: 'failed' });
      metrics.failures.inc({ code: failure.code, fault: failure.fault });
      logger.error({ callId, err: failure }, 'provider could not be asked to come back');
    } finally {
      asking.doneMs = clock.nowMs();
    }
  }
}
