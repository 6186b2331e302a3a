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

export class Arrivals<Entered extends { readonly call: Call }> {
  readonly #options: ArrivalsOptions<Entered>;
  readonly #arriving = new Map<string, Promise<Entered>>();

  constructor(options: ArrivalsOptions<Entered>) {
    this.#options = options;
  }

  has(callId: string): boolean {
    return this.#arriving.has(callId);
  }

  /** Resolves when the call is in, or refused, if it is just being let in. */
  async settled(callId: string): Promise<void> {
    await this.#arriving.get(callId)?.catch(() => undefined);
  }

  /** Once, however many ask meanwhile. Rejects with the failures of `Admission.admit`, SERVICE_DRAINING, AGENT_UNKNOWN or STREAM_DUPLICATE. */
  arrive(call: RingingCall, how: Arrival): Promise<Entered> {
    const { callId } = call;
    const arriving = this.#arriving.get(callId) ?? this.#letIn(call, how).finally(() => this.#arriving.delete(callId));
    this.#arriving.set(callId, arriving);
    return arriving;
  }

  async #letIn(call: RingingCall, how: Arrival): Promise<Entered> {
    const agent = this.#options.agentNamed(call.agent);
    if (agent === undefined) throw new Failure('AGENT_UNKNOWN', `there is no agent named ${call.agent}`);
    if (how === 'rings') return this.#enter(call, agent, { how, earlier: [] });
    const earlier = await takeFromStore(factsOf(call, agent), this.#options);
    const prepared = this.#options.entered(call.callId);
    if (prepared?.call.wasAnswered) return prepared;
    try {
      // It rang here and was answered elsewhere: what was prepared knows nothing of that.
      if (earlier.length > 0) prepared?.call.taken();
      return await this.#enter(call, agent, { how, earlier });
    } catch (error) {
      await this.#giveBack(call, agent, earlier);
      throw error;
    }
  }

  async #enter(
    call: RingingCall,
    agent: CallAgent,
    { how, earlier }: { readonly how: Arrival; readonly earlier: readonly Entry[] },
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
      if (isOver(callId)) throw new Failure('STREAM_DUPLICATE', 'the caller has gone meanwhile');
      return entered(callId) ?? begin(call, agent, earlier);
    } catch (error) {
      admission.leave(callId);
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
