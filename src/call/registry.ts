/** All calls of this process: which there are, who answers them, and how they end when the process must. */
import { type Cancel, type Clock, Failure, type FailureCode } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallStream, StreamHandlers } from '../telephony/index.ts';
import type { CallFacts, CallTranscript } from '../transcript/index.ts';
import { Call, type CallAgent, type CallDeps } from './call.ts';
import type { Next } from './next.ts';

/** Five seconds of lead are topped up long before they run out, and a tenth of a second is no delay at a call's end. */
const TICK_MS = 100;
/** How many ended calls are remembered, so that what comes late is answered rightly: minutes' worth on a busy day. */
const MAX_REMEMBERED = 1_000;
/** Twilio asks what comes next within a second of the end of the stream; nobody answers once the process is gone. */
const ASK_GRACE_MS = 3_000;
/** A goodbye under way when the grace is over may be said to its end; FLOW.draining allows it no more. */
const LAST_WORDS_MS = 30_000;

/** A call as its provider announces it. */
export interface RingingCall {
  readonly callId: string;
  readonly provider: string;
  /** The name of the agent that answers. */
  readonly agent: string;
  /** Numbers in E.164, `sip:` URIs, or what the provider says when a caller withholds theirs. */
  readonly from: string;
  readonly to: string;
  readonly direction: 'inbound' | 'outbound';
  /** The `X-` headers of a SIP caller's INVITE, by name. */
  readonly sipHeaders: Readonly<Record<string, string>>;
}

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
  readonly beginTranscript: (call: CallFacts) => CallTranscript;
}

interface PastCall {
  /** What the caller, if still on the line, should get: an apology, unless it was heard or not needed. */
  readonly answer: Next;
  readonly endedMs: number;
  /** The provider knows: it asked what comes next, or said itself that the call is over. */
  settled: boolean;
}

interface Entry {
  readonly call: Call;
  readonly agent: string;
}

export class CallRegistry {
  readonly #options: RegistryOptions;
  readonly #calls = new Map<string, Entry>();
  /** Calls that ended, newest last. */
  readonly #past = new Map<string, PastCall>();
  readonly #cancelTicker: Cancel;
  readonly #whenIdle: (() => void)[] = [];
  #draining = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#cancelTicker = options.clock.every(TICK_MS, () => this.#tick());
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
    this.#begin(call);
  }

  /** The call's stream has started. A call that rang elsewhere begins here. */
  answer(call: RingingCall, stream: CallStream): StreamHandlers {
    const known = this.#calls.get(call.callId);
    if (known?.call.hasStream) throw new Failure('STREAM_DUPLICATE', 'the call already has a stream');
    if (known === undefined && this.#past.has(call.callId)) {
      throw new Failure('STREAM_DUPLICATE', 'the call has already ended');
    }
    return (known ?? this.#begin(call)).call.answer(stream);
  }

  callerGone(callId: string, how: string): void {
    this.#settle(callId);
    const entry = this.#calls.get(callId);
    if (entry === undefined) return;
    this.#options.logger.info({ callId, how }, 'provider reports the call over');
    entry.call.callerGone();
    this.#settle(callId);
  }

  /** What the caller, who is still on the line, should get now that the stream is over. */
  async afterStream({ callId, agent }: RingingCall): Promise<Next> {
    // Told before the socket closed, or without its ever having opened.
    this.#calls.get(callId)?.call.abandon('STREAM_LOST');
    this.#settle(callId);
    // A call that we know nothing of was lost with the process that held it.
    return this.#past.get(callId)?.answer ?? { do: 'fallback', agent };
  }

  /**
   * Takes no new calls, and lets the running ones go on for `graceMs`; what is left then is hung up.
   * Resolves when all have ended, with whether they ended by themselves.
   */
  async drain(graceMs: number): Promise<boolean> {
    this.#draining = true;
    this.#options.metrics.draining.set(1);
    const byThemselves = await this.#idleWithin(graceMs);
    if (!byThemselves) {
      this.#options.logger.warn({ calls: this.#calls.size }, 'hanging up the calls that outlast the grace time');
      for (const { call } of this.#calls.values()) call.hangUp();
      await this.#idleWithin(LAST_WORDS_MS);
    }
    await this.#settledWithin(ASK_GRACE_MS);
    return byThemselves;
  }

  /** Ends every call at once, and the ticker. */
  close(): void {
    this.#draining = true;
    this.#cancelTicker();
    for (const { call } of [...this.#calls.values()]) call.abandon('SHUTDOWN');
  }

  #begin(ringing: RingingCall): Entry {
    if (this.#draining) throw new Failure('SERVICE_DRAINING', 'the service is shutting down and takes no new calls');
    const { maxCalls, clock, metrics, openLive, apology } = this.#options;
    if (this.#calls.size >= maxCalls) throw new Failure('SERVICE_FULL', `all ${maxCalls} calls are in use`);
    const agent = this.#options.agentNamed(ringing.agent);
    if (agent === undefined) throw new Failure('AGENT_UNKNOWN', `there is no agent named ${ringing.agent}`);
    const { callId } = ringing;
    const logger = this.#options.logger.child({ callId, agent: agent.name });
    const { collector, close } = this.#options.beginTranscript({
      ...ringing,
      sipHeaders: { ...ringing.sipHeaders },
      model: agent.live.model,
      voice: agent.live.voice,
    });
    const call: Call = new Call(agent, {
      clock,
      logger,
      metrics,
      collector,
      openLive,
      apology,
      ended: () => {
        close();
        this.#forget(callId, call);
      },
      released: () => this.#forget(callId, call),
    });
    const entry = { call, agent: agent.name };
    this.#calls.set(callId, entry);
    metrics.callsActive.inc({ agent: agent.name });
    logger.info({ direction: ringing.direction, piiFrom: ringing.from, piiTo: ringing.to }, 'call announced');
    call.start();
    return entry;
  }

  #forget(callId: string, call: Call): void {
    const entry = this.#calls.get(callId);
    if (entry === undefined) return;
    this.#calls.delete(callId);
    const owed = call.outcome?.kind === 'failed' && !call.apologyHeard;
    const answer: Next = owed ? { do: 'fallback', agent: entry.agent } : { do: 'hangUp' };
    const settled = call.outcome?.kind === 'callerGone';
    this.#past.set(callId, { answer, endedMs: this.#options.clock.nowMs(), settled });
    if (this.#past.size > MAX_REMEMBERED) this.#past.delete(this.#past.keys().next().value!);
    this.#options.metrics.callsActive.dec({ agent: entry.agent });
    if (this.#calls.size === 0) for (const idle of this.#whenIdle.splice(0)) idle();
  }

  #settle(callId: string): void {
    const past = this.#past.get(callId);
    if (past !== undefined) past.settled = true;
  }

  #tick(): void {
    for (const { call } of this.#calls.values()) call.tick();
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

  /** Whether every call whose stream we closed was asked about since; calls that ended longer ago will not be. */
  #settledWithin(limitMs: number): Promise<void> {
    const { clock } = this.#options;
    const isOpen = ({ settled, endedMs }: PastCall): boolean => !settled && clock.nowMs() - endedMs < limitMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if ([...this.#past.values()].some(isOpen)) return;
        cancel();
        resolve();
      };
      const cancel = clock.every(TICK_MS, look);
      look();
    });
  }
}
