/** Calls that were placed and that nobody answered: each takes the road of one that was, by its journal into the queue, once. */
import type { CallStore } from '../cluster/index.ts';
import { type Clock, Recent, type RecentLimits } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallFacts, Entry, Outcome, Unanswered } from '../transcript/index.ts';
import type { NotedOrder } from './outbound-calls.ts';

/**
 * Twilio repeats what was answered late for some 20 s. By then a note says that the call is over; and the queue takes a call once,
 * whichever processes are told of it at the same time.
 */
const ENDED: RecentLimits = { max: 1_000, forMs: 60_000 };

export interface UnansweredCallsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'calls'>;
  readonly store: Pick<CallStore, 'look'>;
  /** Who places the calls. */
  readonly provider: string;
  /** Writes the end of a call of which nothing more will come. */
  readonly endTranscript: (facts: CallFacts, earlier: readonly Entry[], outcome: Outcome) => void;
}

export class UnansweredCalls {
  readonly #options: UnansweredCallsOptions;
  readonly #ended: Recent<true>;

  constructor(options: UnansweredCallsOptions) {
    this.#options = options;
    this.#ended = new Recent(options.clock, ENDED);
  }

  /** Its record is on disk when this resolves, and on its way. Nothing comes of a call that somebody is known to have answered. */
  async ended(callId: string, order: NotedOrder, end: Unanswered): Promise<void> {
    const { logger, metrics, store, endTranscript } = this.#options;
    if ((await store.look(callId)).state !== 'unknown' || this.#ended.get(callId)) return;
    this.#ended.note(callId, true);
    const { agent } = order;
    logger.info({ callId, agent, end }, 'nobody answered the outbound call');
    metrics.calls.inc({ agent, outcome: 'unanswered', fault: '', code: '' });
    const call = this.#factsOf(callId, order);
    const began: Entry = { type: 'began', at: Math.round(order.orderedAtMs), version: 1, call };
    endTranscript(call, [began], { kind: 'unanswered', end });
  }

  #factsOf(callId: string, { orderedAtMs: _, ...order }: NotedOrder): CallFacts {
    return {
      callId,
      provider: this.#options.provider,
      ...order,
      direction: 'outbound',
      sipHeaders: {},
    };
  }
}
