/**
 * Callers who are put through to somebody else. The provider has them meanwhile, and no process holds the call: what is known of
 * it lies where any process finds it, with the transfer as its last entry. Whoever is asked then goes by that.
 */
import type { CallStore, Known } from '../cluster/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { Call } from './call.ts';
import { isTaken, type LeftCalls } from './left-calls.ts';
import { HANG_UP, type Next, nextElsewhere } from './next.ts';
import type { PastCalls } from './past-calls.ts';
import type { RingingCall } from './ringing-call.ts';
import { settleLeft } from './take-up.ts';
import type { WarmTransfers } from './warm-transfers.ts';

export interface TransfersOptions {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'transfers'>;
  readonly store: CallStore;
  /** Those whose other side is asked first. */
  readonly warm: WarmTransfers;
  readonly left: LeftCalls;
}

export class Transfers {
  readonly #options: TransfersOptions;
  readonly #past: Pick<PastCalls, 'willAsk'>;
  /** Calls that are being let go: who asks about one waits for that. */
  readonly #releasing = new Map<string, Promise<void>>();

  constructor(options: TransfersOptions, past: Pick<PastCalls, 'willAsk'>) {
    this.#options = options;
    this.#past = past;
  }

  /** Once others can find the call, its stream is closed, and the provider asks what comes next. */
  begin(callId: string, call: Call): void {
    const { store, logger, metrics } = this.#options;
    metrics.transfers.inc({ result: 'begun' });
    const released = store
      .release(callId)
      .catch((error: unknown) => logger.error({ callId, err: error }, 'call not let go for its transfer'))
      .then(() => {
        this.#releasing.delete(callId);
        this.#past.willAsk(callId);
        call.closeStream();
      });
    this.#releasing.set(callId, released);
  }

  async settled(callId: string): Promise<void> {
    await this.#releasing.get(callId);
  }

  /** The store has its deadlines. */
  async allSettled(): Promise<void> {
    await Promise.all(this.#releasing.values());
  }

  /** What the caller of a call that is not in this process gets. */
  async next(call: RingingCall, draining: boolean): Promise<Next> {
    const known = await this.#options.store.look(call.callId);
    const next = nextElsewhere(known, call.agent, draining);
    if (known.state !== 'running' || next.do !== 'transfer' || next.transfer.warm === undefined) return next;
    const ticket = await this.#options.warm.begin(known.facts, next.transfer);
    return ticket === undefined ? this.ended(call, 'failed', draining) : { do: 'hold', ticket };
  }

  /** `status`: how the transfer went, where the provider says so. */
  async callerGone(callId: string, status?: string): Promise<void> {
    // One that is being let go is nobody's only then.
    await this.settled(callId);
    await this.#options.warm.callerGone(callId);
    await this.#options.left.callerGone(callId, status);
  }

  /** The provider says how it went. Who was not put through comes back by another stream. */
  async ended({ callId, agent }: RingingCall, status: string, draining: boolean): Promise<Next> {
    const { store, logger, metrics } = this.#options;
    const wasTaken = isTaken(status);
    metrics.transfers.inc({ result: wasTaken ? 'taken' : 'back' });
    logger.info({ callId, status }, 'transfer ended');
    if (wasTaken) {
      await settleLeft(callId, store);
      return HANG_UP;
    }
    const next = nextElsewhere(withoutTransfer(await store.look(callId)), agent, draining);
    return next.do === 'connect' ? { do: 'connect', call: { ...next.call, transferStatus: status } } : next;
  }
}

function withoutTransfer(known: Known): Known {
  return known.state === 'running' ? { ...known, transfer: undefined } : known;
}
