/** All calls of this process: which there are, who answers them, where they come from and go on, and how they end when the process must. */
import type { CallStore } from '../cluster/index.ts';
import { type Cancel, type Clock, Failure, type FailureCode } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallControl, CallStream, StreamHandlers } from '../telephony/index.ts';
import type { CallFacts, CallTranscript, Entry } from '../transcript/index.ts';
import { Call, type CallAgent, type CallDeps } from './call.ts';
import { drainCalls } from './drain.ts';
import { HANG_UP, type Next, nextFrom } from './next.ts';
import { PastCalls } from './past-calls.ts';
import { Rescue } from './rescue.ts';
import { factsOf, type RingingCall, ringingOf } from './ringing-call.ts';
import { type TakenUp, takeFromStore, takenUpFrom } from './take-up.ts';

/** Five seconds of lead are topped up long before they run out, and a tenth of a second is no delay at a call's end. */
const TICK_MS = 100;
/** Twilio asks what comes next within a second of the end of the stream; nobody answers once the process is gone. */
const ASK_GRACE_MS = 3_000;
/** A line that breaks every few seconds is none: the agent's fallback is better for the caller. */
const MAX_RETURNS = 5;
/** A stream that held for so long is no part of a series of breaks. */
const STEADY_STREAM_MS = 60_000;

export interface RegistryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How many calls at once; one more is refused. */
  readonly maxCalls: number;
  readonly agentFor: (to: string) => CallAgent | undefined;
  readonly agentNamed: (name: string) => CallAgent | undefined;
  readonly openLive: CallDeps['openLive'];
  readonly apology: CallDeps['apology'];
  readonly beginTranscript: (call: CallFacts, earlier: readonly Entry[]) => CallTranscript;
  /** Where the calls of other processes are seen, and they see ours. */
  readonly store: CallStore;
  /** undefined: the provider cannot be asked for anything. */
  readonly control: CallControl | undefined;
  /** Where the provider asks what comes after a stream. */
  readonly streamEndedUrl: string;
}

interface Entered {
  readonly call: Call;
  readonly facts: CallFacts;
  /** Of its breaks in a row: how often the caller was brought back, and when last. */
  returns: number;
  returnedMs: number;
}

export class CallRegistry {
  readonly #options: RegistryOptions;
  readonly #calls = new Map<string, Entered>();
  /** Calls that are just being taken up, so that two streams of one do not begin it twice. */
  readonly #arriving = new Map<string, Promise<Entered>>();
  readonly #past: PastCalls;
  readonly #rescue: Rescue;
  readonly #cancelTicker: Cancel;
  readonly #whenIdle: (() => void)[] = [];
  #draining = false;

  constructor(options: RegistryOptions) {
    const { clock, logger, metrics, control, streamEndedUrl } = options;
    this.#options = options;
    this.#past = new PastCalls(clock);
    this.#rescue = new Rescue({ clock, logger, metrics, control, url: streamEndedUrl });
    this.#cancelTicker = clock.every(TICK_MS, () => this.#tick());
  }

  get ready(): boolean {
    return this.notReadyBecause.length === 0;
  }

  /** Why no new call is taken, by the codes of failures. */
  get notReadyBecause(): readonly FailureCode[] {
    if (this.#draining) return ['SERVICE_DRAINING'];
    return this.#calls.size < this.#options.maxCalls ? [] : ['SERVICE_FULL'];
  }

  get active(): number {
    return this.#calls.size;
  }

  agentFor(to: string): string | undefined {
    return this.#options.agentFor(to)?.name;
  }

  /** The phone rings: the session is dialled at once. Ringing again, or once the call has ended, does nothing. */
  async ring(call: RingingCall): Promise<void> {
    if (this.#calls.has(call.callId) || this.#past.has(call.callId)) return;
    this.#begin(call, []);
  }

  /** A stream of the call has started: the first, or another one after a break. A call that rang, or was held, elsewhere begins here. */
  async answer(call: RingingCall, stream: CallStream): Promise<StreamHandlers> {
    const { callId } = call;
    if (this.#past.has(callId)) throw new Failure('STREAM_DUPLICATE', 'the call has already ended');
    this.#rescue.end(callId);
    const known = this.#calls.get(callId);
    // What another process may know of it does not matter any more: nothing is waited for.
    if (known !== undefined) takeFromStore(known.facts, this.#options).catch(() => undefined);
    return (known ?? (await this.#arrive(call))).call.answer(stream);
  }

  callerGone(callId: string, how: string): void {
    this.#past.settle(callId);
    const entered = this.#calls.get(callId);
    if (entered === undefined) {
      void this.#settleElsewhere(callId);
      return;
    }
    this.#options.logger.info({ callId, how }, 'provider reports the call over');
    entered.call.callerGone();
    this.#past.settle(callId);
  }

  /** What the caller, who is still on the line, should get now that the stream is over. */
  async afterStream({ callId, agent }: RingingCall): Promise<Next> {
    const entered = this.#calls.get(callId);
    if (entered !== undefined && this.#mayReturn(entered)) return { do: 'connect', call: ringingOf(entered.facts) };
    this.#past.settle(callId);
    const past = this.#past.answerOf(callId);
    if (past !== undefined) return past;
    const known = await this.#options.store.look(callId);
    if (known.state === 'ended') return nextFrom(known.answer) ?? { do: 'fallback', agent };
    // A call that nobody knows of was lost with the process that held it.
    if (known.state === 'unknown') return { do: 'fallback', agent };
    return this.#draining ? { do: 'askElsewhere' } : { do: 'connect', call: ringingOf(known.facts) };
  }

  /** Another process holds the call now. */
  taken(callId: string): void {
    this.#calls.get(callId)?.call.taken();
  }

  /** The process that held the call is dead; the provider is asked to come back, unless it does so by itself. */
  orphaned(callId: string, facts: CallFacts): void {
    const { logger, store } = this.#options;
    logger.warn({ callId, agent: facts.agent }, 'call of a dead process may go on here');
    this.#rescue.begin(
      callId,
      async () => {
        const known = await store.look(callId);
        return known.state === 'running' && (known.holder === 'dead' || known.holder === 'none');
      },
      () => void this.#settleElsewhere(callId),
    );
  }

  /**
   * Takes no new calls, and lets the running ones go on for `graceMs`; what is left then goes on in another process, or is hung up
   * where there is none. Resolves when all have left, with whether none was hung up.
   */
  async drain(graceMs: number): Promise<boolean> {
    this.#draining = true;
    const { clock, logger, metrics, store, control, streamEndedUrl } = this.#options;
    metrics.draining.set(1);
    const byThemselves = await drainCalls(graceMs, {
      clock,
      logger,
      metrics,
      store,
      control,
      streamEndedUrl,
      calls: () => Array.from(this.#calls, ([callId, { call }]) => ({ callId, call })),
      idleWithin: (limitMs) => this.#idleWithin(limitMs),
    });
    await this.#past.settledWithin(ASK_GRACE_MS);
    return byThemselves;
  }

  /** Ends every call at once, and the ticker. */
  close(): void {
    this.#draining = true;
    this.#cancelTicker();
    this.#rescue.close();
    for (const { call } of [...this.#calls.values()]) call.abandon('SHUTDOWN');
  }

  #begin(ringing: RingingCall, earlier: readonly Entry[]): Entered {
    // A call that another process left is no new one.
    if (this.#draining && earlier.length === 0) {
      throw new Failure('SERVICE_DRAINING', 'the service is shutting down and takes no new calls');
    }
    const { maxCalls, clock, metrics, openLive, apology } = this.#options;
    if (this.#calls.size >= maxCalls) throw new Failure('SERVICE_FULL', `all ${maxCalls} calls are in use`);
    const agent = this.#options.agentNamed(ringing.agent);
    if (agent === undefined) throw new Failure('AGENT_UNKNOWN', `there is no agent named ${ringing.agent}`);
    const { callId } = ringing;
    const logger = this.#options.logger.child({ callId, agent: agent.name });
    const facts = factsOf(ringing, agent);
    const { collector, close } = this.#options.beginTranscript(facts, earlier);
    const takenUp: TakenUp | undefined = earlier.length === 0 ? undefined : takenUpFrom(earlier);
    const call: Call = new Call(
      agent,
      {
        clock,
        logger,
        metrics,
        collector,
        openLive,
        apology,
        ended: () => {
          close();
          this.#ended(facts, call);
        },
        released: () => this.#forget(facts),
      },
      takenUp,
    );
    const entered = { call, facts, returns: 0, returnedMs: Number.NEGATIVE_INFINITY };
    this.#calls.set(callId, entered);
    metrics.callsActive.inc({ agent: agent.name });
    if (takenUp !== undefined) metrics.callsTakenUp.inc({ because: takenUp.because });
    const { direction, from, to } = ringing;
    logger.info({ direction, takenUp: takenUp?.because, piiFrom: from, piiTo: to }, 'call announced');
    call.start();
    return entered;
  }

  /** Of two streams that come at once for a call that is not here, both wait for the same. */
  #arrive(ringing: RingingCall): Promise<Entered> {
    const { callId } = ringing;
    const arriving = this.#arriving.get(callId);
    if (arriving !== undefined) return arriving;
    const agent = this.#options.agentNamed(ringing.agent);
    if (agent === undefined) throw new Failure('AGENT_UNKNOWN', `there is no agent named ${ringing.agent}`);
    const entered = takeFromStore(factsOf(ringing, agent), this.#options)
      .then((entries) => this.#calls.get(callId) ?? this.#begin(ringing, entries))
      .finally(() => this.#arriving.delete(callId));
    this.#arriving.set(callId, entered);
    return entered;
  }

  /** The caller has gone while nobody held the call: its record is made of what there is. */
  async #settleElsewhere(callId: string): Promise<void> {
    const { store } = this.#options;
    const known = await store.look(callId);
    if (known.state !== 'running' || known.holder === 'elsewhere' || known.holder === 'here') return;
    await store.end(callId, JSON.stringify(HANG_UP));
  }

  /** The stream is over, and the call is not: whether the caller is to be brought back. */
  #mayReturn(entered: Entered): boolean {
    const { call } = entered;
    call.streamGone();
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - entered.returnedMs > STEADY_STREAM_MS) entered.returns = 0;
    entered.returns += 1;
    entered.returnedMs = nowMs;
    const goesOn = call.phase !== 'draining' && call.phase !== 'ended' && entered.returns <= MAX_RETURNS;
    if (!goesOn) call.abandon('STREAM_LOST');
    return goesOn;
  }

  #ended({ callId, agent }: CallFacts, call: Call): void {
    const { outcome } = call;
    const answer: Next = outcome?.kind === 'failed' ? { do: 'fallback', agent, heard: call.apologyHeard } : HANG_UP;
    this.#past.add(callId, answer, outcome?.kind === 'callerGone');
    void this.#options.store.end(callId, JSON.stringify(answer));
    this.#forget({ callId, agent });
  }

  #forget({ callId, agent }: Pick<CallFacts, 'callId' | 'agent'>): void {
    if (!this.#calls.delete(callId)) return;
    this.#rescue.end(callId);
    this.#options.metrics.callsActive.dec({ agent });
    if (this.#calls.size === 0) for (const idle of this.#whenIdle.splice(0)) idle();
  }

  #tick(): void {
    for (const [callId, { call }] of this.#calls) {
      call.tick();
      if (!call.waitsForStream) continue;
      this.#rescue.begin(
        callId,
        async () => call.waitsForStream,
        () => call.callerGone(),
      );
    }
  }

  #idleWithin(limitMs: number): Promise<boolean> {
    if (this.#calls.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(limitMs, () => resolve(false));
      this.#whenIdle.push(() => {
        cancel();
        resolve(true);
      });
    });
  }
}
