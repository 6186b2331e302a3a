/**
 * Ends calls at the provider, by its REST API beside the closing of the stream, and looks whether it did: by the status callback,
 * or by its asking what comes after the stream, whichever comes first.
 */
import { asFailure, type Cancel, type Clock } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallControl } from '../telephony/index.ts';

/** All tries of a request, and the callback that Twilio sends within a second of the end. */
const CONFIRMED_WITHIN_MS = 20_000;

export interface HangUpsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures' | 'hangUps'>;
  /** undefined: the provider hangs up when it asks what comes after the stream. */
  readonly control: CallControl | undefined;
}

export class HangUps {
  readonly #options: HangUpsOptions;
  /** Those that the provider has not said to be over. */
  readonly #open = new Map<string, Cancel>();

  constructor(options: HangUpsOptions) {
    this.#options = options;
  }

  /** The call has ended on our side. Never throws. */
  begin(callId: string): void {
    const { clock, logger, metrics } = this.#options;
    const unconfirmed = (): void => {
      this.#open.delete(callId);
      metrics.hangUps.inc({ result: 'unconfirmed' });
      logger.warn({ callId }, 'call ended here, and the provider has not said that it is over');
    };
    this.#open.set(callId, clock.after(CONFIRMED_WITHIN_MS, unconfirmed));
    void this.#ask(callId);
  }

  /** The provider says that the call is over, or has asked what comes next and was told to hang up. */
  confirmed(callId: string): void {
    const cancel = this.#open.get(callId);
    if (cancel === undefined) return;
    cancel();
    this.#open.delete(callId);
    this.#options.metrics.hangUps.inc({ result: 'confirmed' });
  }

  close(): void {
    for (const cancel of this.#open.values()) cancel();
    this.#open.clear();
  }

  async #ask(callId: string): Promise<void> {
    const { control, logger, metrics } = this.#options;
    try {
      const result = await control?.hangUp(callId);
      if (result === 'over') this.confirmed(callId);
    } catch (error) {
      const failure = asFailure(error, 'PROVIDER_REST');
      metrics.failures.inc({ code: failure.code, fault: failure.fault });
      logger.warn({ callId, err: failure }, 'provider not asked to hang up: the end of the stream has to do');
    }
  }
}
