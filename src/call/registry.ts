/** All calls of this process: which there are, who answers them, where they come from and go on, and how they end when the process must. */
import { type Cancel, Failure, type FailureCode } from '../lib/index.ts';
import type { CallStream, StreamHandlers } from '../telephony/index.ts';
import type { CallFacts } from '../transcript/index.ts';
import { Arrivals, type Beginning } from './arrivals.ts';
import { Call } from './call.ts';
import { drainCalls } from './drain.ts';
import { endedElsewhere } from './ended-elsewhere.ts';
import { HangUps } from './hang-ups.ts';
import { awayMs } from './keys-out.ts';
import { LateResults } from './late-results.ts';
import { connected, HANG_UP, type Next } from './next.ts';
import { PastCalls } from './past-calls.ts';
import type { RegistryOptions } from './registry-options.ts';
import { ASK_ABOUT_ORPHAN_AFTER_MS, ASK_AFTER_MS, Rescue } from './rescue.ts';
import { Returns, takesStreams } from './returns.ts';
import { factsOf, type RingingCall, ringingOf } from './ringing-call.ts';
import { SharedKeys } from './shared-keys.ts';
import { Sought } from './sought.ts';
import { isOrphan, settleLeft, type TakenUp, takenUpFrom } from './take-up.ts';
import { Transfers } from './transfers.ts';
import { WhenEmpty } from './when-empty.ts';

/** Five seconds of lead are topped up long before they run out, and a tenth of a second is no delay at a call's end. */
const TICK_MS = 100;
/** Twilio asks what comes next within a second of the end of the stream; nobody answers once the process is gone. */
const ASK_GRACE_MS = 3_000;

interface Entered {
  readonly call: Call;
  readonly facts: CallFacts;
  readonly returns: Returns;
  readonly sought: Sought;
}

export class CallRegistry {
  readonly #options: RegistryOptions;
  readonly #calls = new Map<string, Entered>();
  readonly #arrivals: Arrivals<Entered>;
  readonly #past: PastCalls;
  readonly #rescue: Rescue;
  readonly #cancelTicker: Cancel;
  readonly #whenEmpty: WhenEmpty;
  readonly #hangUps: HangUps;
  readonly #transfers: Transfers;
  readonly #sharedKeys: SharedKeys;
  readonly #late = new LateResults(() => this.#lookIfEmpty());
  #draining = false;

  constructor(options: RegistryOptions) {
    const { clock, logger, metrics, control, streamEndedUrl } = options;
    this.#options = options;
    this.#past = new PastCalls(clock);
    this.#whenEmpty = new WhenEmpty(clock);
    this.#transfers = new Transfers(options, this.#past);
    this.#sharedKeys = new SharedKeys(options.notes);
    this.#hangUps = new HangUps({ clock, logger, metrics, control });
    this.#rescue = new Rescue({ clock, logger, metrics, control, url: streamEndedUrl });
    this.#arrivals = new Arrivals({
      ...options,
      entered: (callId) => this.#calls.get(callId),
      draining: () => this.#draining,
      isOver: (callId) => this.#past.has(callId),
      begin: (beginning) => this.#begin(beginning),
      settled: () => this.#lookIfEmpty(),
    });
    this.#cancelTicker = clock.every(TICK_MS, () => this.#tick());
  }

  get ready(): boolean {
    return this.notReadyBecause.length === 0;
  }

  async hasNeighbours(): Promise<boolean> {
    return (await this.#options.store.neighbours()) > 0;
  }

  /** Why no new call is taken, by the codes of failures. */
  get notReadyBecause(): readonly FailureCode[] {
    return this.#draining ? ['SERVICE_DRAINING'] : this.#options.admission.closedBecause;
  }

  get active(): number {
    return this.#calls.size;
  }

  agentFor(to: string): string | undefined {
    return this.#options.agentFor(to)?.name;
  }

  /** The phone rings: the session is dialled once, and at once, unless somebody is asked about the call. Gives what the caller gets. */
  async ring(call: RingingCall, abandoned?: AbortSignal): Promise<Next> {
    const { callId } = call;
    if (this.#calls.has(callId)) return { do: 'connect', call };
    const ended = this.#past.answerOf(callId) ?? (await endedElsewhere(call, this.#options));
    if (ended !== undefined) return ended;
    await this.#arrivals.ring(call, abandoned);
    return { do: 'connect', call };
  }

  /** A stream of the call has started: the first, or another one after a break. A call that rang, or was held, elsewhere begins here. */
  async answer(call: RingingCall, stream: CallStream): Promise<StreamHandlers> {
    const { callId } = call;
    if (this.#past.has(callId)) throw new Failure('STREAM_DUPLICATE', 'the call has already ended');
    const recalled = this.#rescue.end(callId);
    // One that is ringing just now is let in first.
    await this.#arrivals.settled(callId);
    const known = this.#calls.get(callId);
    const entered = known?.call.wasAnswered ? known : await this.#arrivals.answered(call);
    if (recalled) entered.call.recalled();
    return entered.call.answer(stream, call.keysPressed);
  }

  async callerGone(callId: string, how: string, transferStatus?: string): Promise<void> {
    this.#past.settle(callId);
    this.#hangUps.confirmed(callId);
    const entered = this.#calls.get(callId);
    if (entered === undefined) {
      this.#past.heardOf(callId);
      await this.#transfers.callerGone(callId, transferStatus);
      return;
    }
    this.#options.logger.info({ callId, how }, 'provider reports the call over');
    await entered.call.callerGone();
    this.#past.settle(callId);
  }

  /** What the caller, who is still on the line, should get now that the stream is over. */
  async afterStream(call: RingingCall): Promise<Next> {
    const { callId } = call;
    const entered = this.#calls.get(callId);
    if (entered !== undefined && this.#mayReturn(entered)) {
      // The provider is here: it need not be asked any more.
      if (this.#rescue.end(callId)) entered.call.recalled();
      return connected(ringingOf(entered.facts), entered.call.keysOut.keys);
    }
    await this.#transfers.settled(callId);
    this.#past.settle(callId);
    this.#hangUps.confirmed(callId);
    const past = this.#past.answerOf(callId);
    return past ?? this.#sharedKeys.onTheWayTo(await this.#transfers.next(call, this.#draining));
  }

  /** The transfer of the caller, who is still there, is over: what now? `status` is the provider's word for how it went. */
  afterTransfer(call: RingingCall, status: string): Promise<Next> {
    return this.#transfers.ended(call, status, this.#draining);
  }

  /** Whoever the caller is put through to has answered. */
  putThrough(callId: string): Promise<void> {
    return this.#options.left.answered(callId);
  }

  /** Another process holds the call now. */
  taken(callId: string): void {
    this.#calls.get(callId)?.call.taken();
  }

  /** The process that held the call is dead; the provider is asked to come back, unless it does so by itself. */
  orphaned(callId: string, facts: CallFacts): void {
    const { logger, store } = this.#options;
    logger.warn({ callId, agent: facts.agent }, 'call of a dead process may go on here');
    void this.#sharedKeys.of(callId).then((keys) =>
      this.#rescue.begin(
        callId,
        // Led elsewhere, the provider would break off in the middle of them, and press them all again.
        keys === undefined ? ASK_ABOUT_ORPHAN_AFTER_MS : awayMs(keys),
        () => isOrphan(callId, store),
        () => void settleLeft(callId, store),
      ),
    );
  }

  /**
   * Takes no new calls, and lets the running ones go on for `graceMs`; what is left then goes on in another process, or is hung up
   * where there is none. Resolves when all have left, with whether none was hung up.
   */
  async drain(graceMs: number): Promise<boolean> {
    this.#draining = true;
    this.#options.metrics.draining.set(1);
    const byThemselves = await drainCalls(graceMs, {
      ...this.#options,
      calls: () => Array.from(this.#calls, ([callId, { call }]) => ({ callId, call })),
      idleWithin: (limitMs) => this.#idleWithin(limitMs),
    });
    await this.#transfers.allSettled();
    await this.#past.settledWithin(ASK_GRACE_MS);
    return byThemselves;
  }

  /** Ends every call at once, with its transcript, and the ticker. */
  close(): void {
    this.#draining = true;
    this.#cancelTicker();
    this.#rescue.close();
    this.#hangUps.close();
    for (const { call } of [...this.#calls.values()]) call.abandon('SHUTDOWN');
    this.#late.giveUp();
  }

  #begin({ call: ringing, agent, earlier, failed }: Beginning): Entered {
    const { clock, metrics, openLive, apologyOf, oneMomentOf, store } = this.#options;
    const { callId } = ringing;
    const logger = this.#options.logger.child({ callId, agent: agent.name });
    const facts = factsOf(ringing, agent);
    const { collector, close } = this.#options.beginTranscript(facts, earlier);
    if (failed !== undefined) collector.event(clock.nowMs(), 'CALL_START_FAILED', failed);
    const takenUp: TakenUp | undefined = earlier.length === 0 ? undefined : takenUpFrom(earlier, ringing);
    const call: Call = new Call(
      agent,
      {
        facts,
        clock,
        logger,
        metrics,
        collector,
        openLive,
        apology: apologyOf(agent.name),
        oneMoment: oneMomentOf(agent.name),
        sharedKeys: this.#sharedKeys,
        whoAnswered: () => this.#options.whoAnswered(callId),
        endedBy: () => this.#options.requestedEnds.by(callId),
        cutOff: () => store.away,
        ended: (_outcome, tools) => {
          this.#late.add(tools, close);
          this.#ended(facts, call);
        },
        released: (transfer) => {
          this.#forget(facts);
          if (transfer !== undefined) this.#transfers.begin(callId, call);
        },
      },
      takenUp,
    );
    const entered = { call, facts, returns: new Returns(), sought: new Sought(clock, store) };
    this.#calls.set(callId, entered);
    metrics.callsActive.inc({ agent: agent.name });
    if (takenUp !== undefined) metrics.callsTakenUp.inc({ because: takenUp.because });
    const { direction, from, to } = ringing;
    logger.info({ direction, takenUp: takenUp?.because, piiFrom: from, piiTo: to }, 'call announced');
    call.start();
    return entered;
  }

  /** The stream is over, and the call is not: whether the caller is to be brought back. */
  #mayReturn({ call, returns }: Entered): boolean {
    call.streamGone();
    const goesOn = takesStreams(call.phase) && (call.keysOut.underWay || returns.oneMore(this.#options.clock.nowMs()));
    if (!goesOn) call.abandon('STREAM_LOST');
    return goesOn;
  }

  #ended({ callId, agent }: CallFacts, call: Call): void {
    const { outcome } = call;
    const answer: Next = outcome?.kind === 'failed' ? { do: 'fallback', agent, heard: call.apologyHeard } : HANG_UP;
    // By the caller, or by the provider, which somebody has asked to.
    const isGone = outcome?.kind === 'callerGone' || (outcome?.kind === 'completed' && outcome.by === 'api');
    // A call that only rang here may be talking elsewhere, or its stream come yet.
    if (call.wasAnswered || isGone) {
      this.#past.add(callId, answer, isGone);
      void this.#options.store.end(callId, JSON.stringify(answer));
    }
    if (outcome?.kind === 'completed' && !isGone) this.#hangUps.begin(callId);
    this.#forget({ callId, agent });
  }

  #forget({ callId, agent }: Pick<CallFacts, 'callId' | 'agent'>): void {
    if (!this.#calls.delete(callId)) return;
    this.#rescue.end(callId);
    this.#options.admission.leave(callId);
    this.#options.metrics.callsActive.dec({ agent });
    this.#lookIfEmpty();
  }

  get #isEmpty(): boolean {
    return this.#calls.size + this.#arrivals.size + this.#late.size === 0;
  }

  #lookIfEmpty(): void {
    if (this.#isEmpty) this.#whenEmpty.reached();
  }

  #tick(): void {
    for (const [callId, { call, sought }] of this.#calls) {
      call.tick();
      sought.tick(callId, call);
      if (!call.waitsForStream) continue;
      this.#rescue.begin(
        callId,
        ASK_AFTER_MS,
        async () => call.waitsForStream,
        () => void call.callerGone(),
      );
    }
  }

  #idleWithin(limitMs: number): Promise<boolean> {
    return this.#isEmpty ? Promise.resolve(true) : this.#whenEmpty.within(limitMs);
  }
}
