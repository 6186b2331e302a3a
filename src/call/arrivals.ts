/** How a call gets into this process: when it rings here, or when its stream comes here, wherever it rang or was held before. */
import { Failure } from '../lib/index.ts';
import type { CallFacts, Entry } from '../transcript/index.ts';
import { agentOf } from './agent-of-call.ts';
import type { Call } from './call.ts';
import type { CallAgent } from './call-agent.ts';
import type { Started } from './call-start.ts';
import type { RegistryOptions } from './registry-options.ts';
import { factsOf, type RingingCall } from './ringing-call.ts';
import { takeFromStore } from './take-up.ts';

/** A call that is in, as whoever it is announced to needs it. */
export interface Beginning extends Started {
  readonly agent: CallAgent;
  /** What another process wrote of the call. */
  readonly earlier: readonly Entry[];
}

/** What the registry has of the process as well. */
type Shared = 'clock' | 'logger' | 'metrics' | 'admission' | 'callStarts' | 'store' | 'agentNamed';

export interface ArrivalsOptions<Entered> extends Pick<RegistryOptions, Shared> {
  readonly entered: (callId: string) => Entered | undefined;
  readonly draining: () => boolean;
  readonly isOver: (callId: string) => boolean;
  readonly begin: (beginning: Beginning) => Entered;
  /** One that arrived is in, or refused. */
  readonly settled: () => void;
}

/** `answered`: it was let in by the process that it rang at, as its stream's token proves. */
type Arrival = 'rings' | 'answered';

interface Arriving<Entered> {
  readonly entered: Promise<Entered>;
  /** It has its place, and only what whoever is asked makes of it is missing. */
  readonly placed: Promise<void>;
  /** Who waits, each until its signal says that it gave up; undefined: for ever. */
  readonly askers: (AbortSignal | undefined)[];
}

interface Entering extends Omit<Beginning, 'failed'> {
  readonly how: Arrival;
  readonly isAwaited: () => boolean;
  /** Once the call has its place: what is to begin in place of it. */
  readonly start: () => Promise<Beginning>;
}

export class Arrivals<Entered extends { readonly call: Call; readonly facts: CallFacts }> {
  readonly #options: ArrivalsOptions<Entered>;
  readonly #arriving = new Map<string, Arriving<Entered>>();

  constructor(options: ArrivalsOptions<Entered>) {
    this.#options = options;
  }

  /** How many are under way. */
  get size(): number {
    return this.#arriving.size;
  }

  /** Resolves when the call is in, or refused, if it is just being let in. */
  async settled(callId: string): Promise<void> {
    await this.#arriving.get(callId)?.entered.catch(() => undefined);
  }

  /** The call rings: as `answered`, but resolves already when the call has its place, while somebody is asked about it. */
  async ring(call: RingingCall, abandoned?: AbortSignal): Promise<void> {
    const { entered, placed } = this.#arrive(call, 'rings', abandoned);
    await Promise.race([entered, placed]);
  }

  /**
   * Once, however many ask meanwhile. A call does not begin when all who asked have `abandoned` it by then. Rejects with the failures of
   * `Admission.admit`, SERVICE_DRAINING, AGENT_UNKNOWN or STREAM_DUPLICATE.
   */
  answered(call: RingingCall): Promise<Entered> {
    return this.#arrive(call, 'answered', undefined).entered;
  }

  #arrive(call: RingingCall, how: Arrival, abandoned: AbortSignal | undefined): Arriving<Entered> {
    const { callId } = call;
    const known = this.#arriving.get(callId);
    if (known !== undefined) {
      known.askers.push(abandoned);
      return known;
    }
    const askers = [abandoned];
    const isAwaited = (): boolean => askers.some((asker) => asker?.aborted !== true);
    let hasPlace = (): void => undefined;
    const placed = new Promise<void>((resolve) => {
      hasPlace = resolve;
    });
    const entering = how === 'rings' ? this.#rings(call, isAwaited, hasPlace) : this.#answered(call, isAwaited);
    const entered = entering.finally(() => {
      this.#arriving.delete(callId);
      this.#options.settled();
    });
    const arriving = { entered, placed, askers };
    this.#arriving.set(callId, arriving);
    return arriving;
  }

  async #rings(call: RingingCall, isAwaited: () => boolean, placed: () => void): Promise<Entered> {
    const { callStarts, logger } = this.#options;
    const agent = this.#agentOf(call);
    const { callStart } = agent;
    const alone = { call, agent, earlier: [] };
    const entering = { ...alone, how: 'rings', isAwaited } as const;
    if (callStart === undefined) return this.#enter({ ...entering, start: async () => alone });
    let wasPlaced = false;
    const start = async (): Promise<Beginning> => {
      wasPlaced = true;
      placed();
      const started = await this.#moved(alone, await callStarts.ask(call, callStart));
      void callStarts.settle(started);
      return started;
    };
    try {
      return await this.#enter({ ...entering, start });
    } catch (error) {
      // The webhook was answered by then.
      if (wasPlaced)
        logger.warn({ callId: call.callId, err: error }, 'call given up while somebody was asked about it');
      throw error;
    }
  }

  /** What was chosen for the call has its place, too; where there is none, the call stays with whom it is. */
  async #moved(given: Beginning, { call, failed }: Started): Promise<Beginning> {
    const agent = this.#agentOf(call);
    const { admission, callStarts } = this.#options;
    if (call.agent === given.call.agent) return { call, agent, failed, earlier: [] };
    admission.leave(call.callId);
    try {
      await admission.admit({ call, limits: agent.limits, credentials: agent.credentials });
      return { call, agent, failed, earlier: [] };
    } catch {
      const { limits, credentials } = given.agent;
      await admission.admit({ call: given.call, limits, credentials, running: true });
      const without = callStarts.without(given.call, 'useless', `it chose agent ${call.agent}, which has no room`);
      return { ...without, agent: given.agent, earlier: [] };
    }
  }

  async #answered(given: RingingCall, isAwaited: () => boolean): Promise<Entered> {
    const { store, entered } = this.#options;
    const { call, failed } = await this.#startOf(given);
    const agent = this.#agentOf(call);
    const earlier = await takeFromStore(factsOf(call, agent), this.#options);
    const prepared = entered(call.callId);
    if (prepared?.call.wasAnswered) return prepared;
    const beginning = { call, agent, earlier, failed };
    try {
      // It rang here and was answered elsewhere: what was prepared knows nothing of that.
      if (earlier.length > 0) prepared?.call.taken();
      return await this.#enter({ ...beginning, how: 'answered', isAwaited, start: async () => beginning });
    } catch (error) {
      if (this.#options.isOver(call.callId)) await this.#options.begin(beginning).call.callerGone();
      // What was taken and did not begin is another process's to take.
      else await store.release(call.callId);
      throw error;
    }
  }

  /** What was made of the call when it rang holds, wherever that was. */
  async #startOf(call: RingingCall): Promise<Started> {
    const { entered, agentNamed, callStarts } = this.#options;
    if (call.callStart !== undefined) return { call };
    const prepared = entered(call.callId)?.facts;
    if (prepared?.callStart !== undefined) {
      return { call: { ...call, agent: prepared.agent, callStart: prepared.callStart } };
    }
    const webhook = agentNamed(call.agent)?.callStart;
    return webhook === undefined ? { call } : callStarts.find(call, webhook);
  }

  async #enter({ call, agent, how, earlier, isAwaited, start }: Entering): Promise<Entered> {
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
      const beginning = await start();
      if (!isAwaited()) throw new Failure('INTERNAL', 'nobody waits for the call any more');
      if (isOver(callId)) throw new Failure('STREAM_DUPLICATE', 'the caller has gone meanwhile');
      return entered(callId) ?? begin(beginning);
    } catch (error) {
      // Another ring of the same call is in: the place is the call's.
      if (entered(callId) === undefined) admission.leave(callId);
      throw error;
    }
  }

  #agentOf(call: RingingCall): CallAgent {
    const agent = agentOf(call, this.#options.agentNamed);
    if (agent === undefined) throw new Failure('AGENT_UNKNOWN', `there is no agent named ${call.agent}`);
    return agent;
  }
}
