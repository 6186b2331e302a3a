/**
 * Callers who wait in a conference until somebody else has heard of them and taken the call, or has not. No process holds such a
 * call: what is known of it lies with it, where any process finds it. What is told of a transfer may come in any order and to any
 * process; the first thing that decides it counts, by a note that all share.
 */
import * as z from 'zod';
import type { CallStore, Notes } from '../cluster/index.ts';
import { asFailure, type Clock, Failure, withDeadline } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { askedAgain, type CallControl, type CallPlacer } from '../telephony/index.ts';
import type { CallFacts, Transfer } from '../transcript/index.ts';
import type { LeftCalls } from './left-calls.ts';

/** One try of a transfer. It stands in every address that belongs to it, which the provider signs. */
export interface Ticket {
  readonly callId: string;
  /** When it began, by the wall clock: a caller who is back may be put through again. */
  readonly atMs: number;
}

type Warm = NonNullable<Transfer['warm']>;

/** Ringing, the summary and the time to think are over by then: the other side's end was not told, or we did not hear of it. */
const OVERDUE_MS = 100_000;
/** Twilio takes an order in some 300 ms. Whoever asks what the caller gets waits no longer; what becomes of it is seen to then. */
const ORDERED_WITHIN_MS = 3_000;
/** As long as a call that somebody waits in may be. */
const NOTED_MS = 10 * 60_000;
/** Twilio ends any call after four hours. */
const MAX_CALL_MS = 4 * 60 * 60_000;
/** A line of ours: the provider places no calls from others. */
const NUMBER = /^\+\d+$/;

const begunSchema = z.object({ atMs: z.number(), calleeId: z.string().optional() });

export interface WarmTransfersOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures'>;
  readonly store: CallStore;
  readonly notes: Notes;
  readonly control: CallControl | undefined;
  /** undefined: there is no account to call anybody with. */
  readonly placer: CallPlacer | undefined;
  /** Where the provider asks what whoever answers hears, tells of their call, and is to ask about the caller. */
  readonly urls: { readonly voice: string; readonly status: string; readonly back: string };
  readonly left: LeftCalls;
}

interface Waiting {
  readonly facts: CallFacts;
  readonly transfer: Transfer;
  readonly warm: Warm;
}

export class WarmTransfers {
  readonly #options: WarmTransfersOptions;
  /** Callers who are being brought back. */
  readonly #returning = new Set<string>();

  constructor(options: WarmTransfersOptions) {
    this.#options = options;
  }

  /** Calls the other side, once, whoever asks how often. undefined: that cannot be done. */
  async begin(facts: CallFacts, transfer: Transfer): Promise<Ticket | undefined> {
    const { clock, notes } = this.#options;
    const { callId } = facts;
    const mine = { atMs: Math.ceil(clock.wallMs()) };
    const known = begunFrom(await notes.note(begunKey(callId), noted(0, JSON.stringify(mine))));
    if (known !== undefined) {
      const earlier = { callId, atMs: known.atMs };
      if ((await notes.get(decidedKey(earlier))) === undefined) return earlier;
      // Nothing came of that one, and the agent tries again.
      await notes.forget(begunKey(callId));
      return this.begin(facts, transfer);
    }
    const ticket = { callId, ...mine };
    let holds = false;
    const ordering = this.#order(facts, transfer, ticket).then((isOrdered) => {
      if (!isOrdered && holds) void this.#giveUp(ticket, 'failed');
      return isOrdered;
    });
    const isOrdered = await withDeadline(clock, ORDERED_WITHIN_MS, ordering, () => new Error('late')).catch(() => {
      holds = true;
      return true;
    });
    return isOrdered ? ticket : undefined;
  }

  /** What whoever has answered is to hear; undefined: nobody waits for them any more. */
  async briefing(ticket: Ticket): Promise<Warm | undefined> {
    return (await this.#waiting(ticket))?.warm;
  }

  /** The two are in the conference: the call is over for us. */
  async joined(ticket: Ticket): Promise<void> {
    const { left, logger } = this.#options;
    const { callId } = ticket;
    const waiting = await this.#waiting(ticket);
    if (waiting === undefined || (await this.#decide(ticket, 'joined')) !== undefined) return;
    logger.info({ callId }, 'transfer taken');
    const { facts, transfer } = waiting;
    await left.joined(facts, transfer.name);
  }

  /** The other side's call is over, or never came about: `status` is the provider's word for how. */
  async calleeGone(ticket: Ticket, status: string): Promise<void> {
    if ((await this.#waiting(ticket)) === undefined) return;
    await this.#giveUp(ticket, status === 'completed' ? 'declined' : status);
  }

  /** The caller hears something else again. undefined: they do not wait for anybody. */
  async stillWaits(ticket: Ticket): Promise<Warm | undefined> {
    const { clock, notes, store } = this.#options;
    const decided = await notes.get(decidedKey(ticket));
    const waiting = await this.#find(ticket.callId);
    if (waiting === undefined) {
      // Settled meanwhile, as nobody asked for so long: nobody else lets them out of the silence.
      const isOver = (await store.look(ticket.callId)).state === 'ended';
      if (isOver && decided !== 'joined') void this.#bringBack(ticket, 'no-answer');
      return undefined;
    }
    // Asked for before, and in vain: who was led out of the conference hears nothing in it.
    if (decided === 'back') void this.#bringBack(ticket, 'no-answer');
    else if (clock.wallMs() - ticket.atMs >= OVERDUE_MS) await this.#giveUp(ticket, 'no-answer');
    return waiting.warm;
  }

  /** The caller has left the conference and is there; whether they talked with the other side, who has hung up then. */
  async leftConference(ticket: Ticket): Promise<boolean> {
    if ((await this.#find(ticket.callId)) === undefined) return true;
    return (await this.#decide(ticket, 'back')) === 'joined';
  }

  /** The call of a caller who may be waiting is over. */
  async callerGone(callId: string): Promise<void> {
    const { notes, left } = this.#options;
    if ((await this.#find(callId)) === undefined) return;
    if (!(await left.callerGone(callId))) return;
    const begun = begunFrom(await notes.get(begunKey(callId)));
    // The provider, who has told of it, does not wait for that.
    if (begun?.calleeId !== undefined) void this.#hangUp(begun.calleeId);
  }

  /** Whether whoever is to take the call is being called. Never rejects. */
  async #order(facts: CallFacts, transfer: Transfer, ticket: Ticket): Promise<boolean> {
    const { notes, metrics, logger } = this.#options;
    const { callId, atMs } = ticket;
    try {
      const calleeId = await this.#call(facts, transfer, ticket);
      await notes.note(begunKey(callId), noted(1, JSON.stringify({ atMs, calleeId })));
      // The caller may have hung up meanwhile, when nobody knew whom to tell.
      if ((await this.#waiting(ticket)) === undefined) await this.#hangUp(calleeId);
      return true;
    } catch (error) {
      await notes.forget(begunKey(callId));
      const failure = asFailure(error, 'PROVIDER_REST');
      metrics.failures.inc({ code: failure.code, fault: failure.fault });
      logger.error({ callId, err: failure }, 'nobody called to take a call: the caller is back');
      return false;
    }
  }

  async #call(facts: CallFacts, { to, callerId, timeoutSeconds }: Transfer, ticket: Ticket): Promise<string> {
    const { placer, urls } = this.#options;
    const ours = facts.direction === 'inbound' ? facts.to : facts.from;
    const from = callerId ?? (NUMBER.test(ours) ? ours : undefined);
    if (placer === undefined) throw new Failure('OUTBOUND_OFF', 'there is no account to place calls with');
    if (from === undefined) {
      throw new Failure('CONFIG_INVALID', 'whoever takes the call of a caller by SIP is called with a callerId only');
    }
    return placer.place({
      to,
      from,
      voiceUrl: withTicket(urls.voice, ticket),
      statusUrl: withTicket(urls.status, ticket),
      ringMs: timeoutSeconds * 1_000,
      maxCallMs: MAX_CALL_MS,
    });
  }

  async #find(callId: string): Promise<Waiting | undefined> {
    const known = await this.#options.store.look(callId);
    if (known.state !== 'running' || known.transfer?.warm === undefined) return undefined;
    return { facts: known.facts, transfer: known.transfer, warm: known.transfer.warm };
  }

  async #waiting(ticket: Ticket): Promise<Waiting | undefined> {
    const waiting = await this.#find(ticket.callId);
    if (waiting === undefined) return undefined;
    return (await this.#options.notes.get(decidedKey(ticket))) === undefined ? waiting : undefined;
  }

  /** What was said before, by others, and is so; undefined: nothing, and now this is. */
  #decide(ticket: Ticket, how: 'joined' | 'back'): Promise<string | undefined> {
    return this.#options.notes.note(decidedKey(ticket), noted(0, how));
  }

  /** Nobody takes the call. */
  async #giveUp(ticket: Ticket, status: string): Promise<void> {
    if ((await this.#decide(ticket, 'back')) === undefined) void this.#bringBack(ticket, status);
  }

  /** Never rejects: when the provider cannot be asked, it is when the caller's music is over. */
  async #bringBack(ticket: Ticket, status: string): Promise<void> {
    const { control, logger, metrics, urls } = this.#options;
    const { callId } = ticket;
    if (control === undefined || this.#returning.has(callId)) return;
    this.#returning.add(callId);
    try {
      const result = await control.redirect(callId, withTicket(urls.back, ticket, status));
      logger.info({ callId, status, result }, 'caller brought back from a transfer that nobody took');
      if (result === 'over') await this.callerGone(callId);
    } catch (error) {
      const failure = asFailure(error, 'PROVIDER_REST');
      metrics.failures.inc({ code: failure.code, fault: failure.fault });
      logger.error({ callId, err: failure }, 'caller not brought back from a transfer that nobody took');
    } finally {
      this.#returning.delete(callId);
    }
  }

  async #hangUp(calleeId: string): Promise<void> {
    const { control, logger } = this.#options;
    await control
      ?.hangUp(calleeId)
      .catch((error: unknown) => logger.warn({ callId: calleeId, err: error }, 'whoever was called rings on in vain'));
  }
}

/** `status`: how the transfer went, for whoever is asked there. */
export function withTicket(url: string, { callId, atMs }: Ticket, status?: string): string {
  return askedAgain(
    `${url}?call=${callId}&at=${atMs}${status === undefined ? '' : `&warm=${encodeURIComponent(status)}`}`,
  );
}

const begunKey = (callId: string): string => `warm:${callId}`;
const decidedKey = ({ callId, atMs }: Ticket): string => `warm:${callId}:${atMs}`;
const noted = (rank: number, value: string) => ({ rank, value, forMs: NOTED_MS });

function begunFrom(note: string | undefined): z.infer<typeof begunSchema> | undefined {
  return note === undefined ? undefined : begunSchema.safeParse(JSON.parse(note)).data;
}
