/**
 * Calls that were placed and that nobody answered, or of which no stream came: each takes the road of one that was, by its journal into
 * the queue, once.
 */
import type { CallStore } from '../cluster/index.ts';
import { asFailure, type Clock, Failure, Recent, type RecentLimits } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallFacts, Entry, Outcome } from '../transcript/index.ts';
import { countEnding } from './ending.ts';
import { HANG_UP } from './next.ts';
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
  readonly store: Pick<CallStore, 'away' | 'look' | 'take' | 'release' | 'end'>;
  /** Who places the calls. */
  readonly provider: string;
  /** Writes the end of a call of which nothing more will come. */
  readonly endTranscript: (facts: CallFacts, earlier: readonly Entry[], outcome: Outcome) => void;
}

export class UnansweredCalls {
  readonly #options: UnansweredCallsOptions;
  readonly #ended: Recent<true>;
  /** Taken while the store did not answer, and let go: it may have heard of that since, and nothing is in them. */
  readonly #tried: Recent<true>;

  constructor(options: UnansweredCallsOptions) {
    this.#options = options;
    this.#ended = new Recent(options.clock, ENDED);
    this.#tried = new Recent(options.clock, ENDED);
  }

  /**
   * Its record is on disk when this resolves, and on its way. Nothing comes of a call that some process is known to have had. Rejects
   * with STORE_UNAVAILABLE when it cannot be known whether one has it. `wasAsked`: some process was asked about it, and counts it, as
   * refused or as one that only rang.
   */
  async ended(callId: string, order: NotedOrder, outcome: Outcome, wasAsked: boolean): Promise<void> {
    const { logger, metrics, store, endTranscript } = this.#options;
    const known = await store.look(callId);
    const { state } = known;
    const isLetGo = state === 'running' && known.holder === 'none' && this.#tried.get(callId) === true;
    const isHad = state === 'running' && !isLetGo;
    // One that only rang in some process counts as ended, too, once its caller is gone.
    if (isHad || (state === 'ended' && outcome.kind === 'unanswered') || this.#ended.get(callId)) return;
    this.#ended.note(callId, true);
    const call = this.#factsOf(callId, order);
    const earlier = outcome.kind === 'unanswered' ? [] : await this.#taken(call);
    const { agent } = order;
    logger.info({ callId, agent, outcome }, 'outbound call is over, and was none');
    if (!wasAsked) countEnding(agent, outcome, metrics);
    const began: Entry = { type: 'began', at: Math.round(order.orderedAtMs), version: 1, call };
    endTranscript(call, earlier.length > 0 ? earlier : [began], outcome);
    if (outcome.kind !== 'unanswered') await store.end(callId, JSON.stringify(HANG_UP));
  }

  /** A process that has the call, and that nobody hears of, is to make no record beside this one: it is told so when it is back. */
  async #taken(call: CallFacts): Promise<readonly Entry[]> {
    const { store } = this.#options;
    const { callId } = call;
    try {
      const { entries } = await store.take(call);
      if (!store.away) return entries;
    } catch (error) {
      if (asFailure(error, 'INTERNAL').code === 'STREAM_DUPLICATE') return [];
      throw error;
    }
    this.#tried.note(callId, true);
    this.#ended.forget(callId);
    await store.release(callId);
    throw new Failure('STORE_UNAVAILABLE', 'another process may have the call');
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
