/** How a call gets into this process: when it rings here, or when its stream comes here, wherever it rang or was held before. */
import type { CallStore } from '../cluster/index.ts';
import { type Clock, Failure } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { Entry } from '../transcript/index.ts';
import type { Admission } from './admission.ts';
import type { Call } from './call.ts';
import type { CallAgent } from './call-agent.ts';
import { factsOf, type RingingCall } from './ringing-call.ts';
import { takeFromStore } from './take-up.ts';
import { wordedFor } from './wording.ts';

export interface ArrivalsOptions<Entered> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly admission: Admission;
  readonly store: CallStore;
  readonly agentNamed: (name: string) => CallAgent | undefined;
  readonly entered: (callId: string) => Entered | undefined;
  readonly draining: () => boolean;
  readonly isOver: (callId: string) => boolean;
  /** `earlier`: what another process wrote of the call. */
  readonly begin: (call: RingingCall, agent: CallAgent, earlier: readonly Entry[]) => Entered;
}

/** `answered`: it was let in by the process that it rang at, as its stream's token proves. */
type Arrival = 'rings' | 'answered';

interface Arriving<Entered> {
  readonly entered: Promise<Entered>;
  /** Who waits, each until its signal says that it gave up; undefined: for ever. */
  readonly askers: (AbortSignal | undefined)[];
}

export class Arrivals<Entered extends { readonly call: Call }> {
  readonly #options: ArrivalsOptions<Entered>;
  readonly #arriving = new Map<string, Arriving<Entered>>();

  constructor(options: ArrivalsOptions<Entered>) {
    this.#options = options;
  }

  /** Resolves when the call is in, or refused, if it is just being let in. */
  async settled(callId: string): Promise<void> {
    await this.#arriving.get(callId)?.entered.catch(() => undefined);
  }

  /**
   * Once, however many ask meanwhile. A call does not begin when all who asked have `abandoned` it by then. Rejects with the failures of
   * `Admission.admit`, SERVICE_DRAINING, AGENT_UNKNOWN or STREAM_DUPLICATE.
   */
  arrive(call: RingingCall, how: Arrival, abandoned?: AbortSignal): Promise<Entered> {
    const { callId } = call;
    const known = this.#arriving.get(callId);
    if (known !== undefined) {
      known.askers.push(abandoned);
      return known.entered;
    }
    const askers = [abandoned];
    const isAwaited = (): boolean => askers.some((asker) => asker?.aborted !== true);
    const entered = this.#letIn(call, how, isAwaited).finally(() => this.#arriving.delete(callId));
    this.#arriving.set(callId, { entered, askers });
    return entered;
  }

  async #letIn(call: RingingCall, how: Arrival, isAwaited: () => boolean): Promise<Entered> {
    const named = this.#options.agentNamed(call.agent);
    if (named === undefined) throw new Failure('AGENT_UNKNOWN', `there is no agent named ${call.agent}`);
    const agent = wordedFor(named, call);
    if (how === 'rings') return this.#enter(call, agent, { how, earlier: [], isAwaited });
    const earlier = await takeFromStore(factsOf(call, agent), this.#options);
    const prepared = this.#options.entered(call.callId);
    if (prepared?.call.wasAnswered) return prepared;
    try {
      // It rang here and was answered elsewhere: what was prepared knows nothing of that.
      if (earlier.length > 0) prepared?.call.taken();
      return await this.#enter(call, agent, { how, earlier, isAwaited });
    } catch (error) {
      await this.#giveBack(call, agent, earlier);
      throw error;
    }
  }

  async #enter(
    call: RingingCall,
    agent: CallAgent,
    {
      how,
      earlier,
      isAwaited,
    }: {
      readonly how: Arrival;
      readonly earlier: readonly Entry[];
      readonly isAwaited: () => boolean;
    },
  ): Promise<Entered> {
    const { admission, entered, begin, isOver } = this.#options;
    const { callId } = call;
    // One that rang before is let finish, and one that another process left is no new one.
    const refuseWhileDraining = (): void => {
      if (!this.#options.draining() || earlier.length > 0 || entered(callId) !== undefined) return;
      throw new Failure('SERVICE_DRAINING', 'the service is shutting down and takes no new calls');
    };
    refuseWhileDraining();
    const { limits, credentials } = agent;
    await admission.admit({ call, limits, credentials, running: how === 'answered' });
    try {
      refuseWhileDraining();
      if (!isAwaited()) throw new Failure('INTERNAL', 'nobody waits for the call any more');
      if (isOver(callId)) throw new Failure('STREAM_DUPLICATE', 'the caller has gone meanwhile');
      return entered(callId) ?? begin(call, agent, earlier);
    } catch (error) {
      // Another ring of the same call is in: the place is the call's.
      if (entered(callId) === undefined) admission.leave(callId);
      throw error;
    }
  }

  /** What was taken and did not begin: the call is another process's to take, or over, and then what was written of it is its record. */
  async #giveBack(call: RingingCall, agent: CallAgent, earlier: readonly Entry[]): Promise<void> {
    const { store, isOver, begin } = this.#options;
    if (!isOver(call.callId)) return store.release(call.callId);
    begin(call, agent, earlier).call.callerGone();
  }
}
