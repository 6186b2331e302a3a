/**
 * Calls that are placed with the provider: what was asked for waits under a token until the call is answered, and what the
 * provider tells of it is kept. No session is dialled, and nobody greets, before somebody has answered. Where nobody does, the call
 * leaves a record all the same.
 */
import * as z from 'zod';
import type { Notes } from '../cluster/index.ts';
import { asFailure, type Clock, type FailureCode, type Ids } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { askedAgain, type CallOrder, type CallPlacer } from '../telephony/index.ts';
import {
  type CallFacts,
  type Entry,
  type OutboundFacts,
  type Outcome,
  outboundFactsSchema,
} from '../transcript/index.ts';
import {
  isUnanswered,
  type OutboundEnd,
  type OutboundState,
  outboundEndSchema,
  outboundStateSchema,
  progressFrom,
  rankOf,
} from './outbound-state.ts';
import type { RequestedEnds } from './requested-ends.ts';
import { StreamlessCalls } from './streamless-calls.ts';

/** Twilio queues what comes faster than a call a second, rings for up to two minutes, and the longest call has four hours. */
const ORDER_MS = 5 * 60 * 60_000;
/** Whoever placed a call has asked by then how it went; its record stays. */
const PLACED_MS = 24 * 60 * 60_000;
/** The list of those that are not over. */
const LIVE_LIST = 'outbound';
/** As `Ids.nonce` gives them, and so of no other note. */
const TOKEN = /^[\w-]{1,64}$/;

export interface OutboundOrder {
  /** The name of the agent that speaks, and how. */
  readonly agent: string;
  readonly model: string;
  readonly voice: string;
  readonly to: string;
  readonly from: string;
  readonly outbound: OutboundFacts;
}

/** As it waits for the call. */
export interface NotedOrder extends OutboundOrder {
  readonly orderedAtMs: number;
}

export interface PlacedCall {
  readonly callId: string;
  readonly agent: string;
  readonly to: string;
  readonly from: string;
  readonly state: OutboundState;
  readonly end?: OutboundEnd | undefined;
  /** When it came into this state, or was heard of first. */
  readonly atMs: number;
}

/** How the agent's file has it. */
export interface OutboundSettings {
  readonly ringMs: number;
  readonly maxCallMs: number;
  readonly machine?: 'hangUp' | 'leaveMessage' | undefined;
}

export interface OutboundCallsOptions {
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'nonce'>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'callsOrdered'>;
  readonly notes: Notes;
  /** undefined: there is no account to place calls with. */
  readonly placer: CallPlacer | undefined;
  /** The call is over, and was none: its record is on disk when this resolves. May be told again. `wasAsked`: a process was, and counts it. */
  readonly unanswered: (callId: string, order: NotedOrder, outcome: Outcome, wasAsked: boolean) => Promise<void>;
  /** Whether the other processes cannot be heard of. */
  readonly cutOff: () => boolean;
  readonly requestedEnds: Pick<RequestedEnds, 'by'>;
  /** Where the provider asks and tells; the token goes into the query, which the provider signs. */
  readonly urls: { readonly voice: string; readonly status: string; readonly machine: string };
}

const orderSchema = z.object({
  agent: z.string(),
  model: z.string(),
  voice: z.string(),
  to: z.string(),
  from: z.string(),
  outbound: outboundFactsSchema,
  orderedAtMs: z.number(),
});
const placedSchema = z.object({
  callId: z.string(),
  agent: z.string(),
  to: z.string(),
  from: z.string(),
  state: outboundStateSchema,
  end: outboundEndSchema.optional(),
  atMs: z.number(),
});

export class OutboundCalls {
  readonly #options: OutboundCallsOptions;
  readonly #streamless: StreamlessCalls;

  constructor(options: OutboundCallsOptions) {
    this.#options = options;
    this.#streamless = new StreamlessCalls(options);
  }

  get canPlace(): boolean {
    return this.#options.placer !== undefined;
  }

  /** Rejects with the failures of `CallPlacer.place`. */
  async place(order: OutboundOrder, { ringMs, maxCallMs, machine }: OutboundSettings): Promise<PlacedCall> {
    const { clock, ids, logger, notes, placer, urls } = this.#options;
    if (placer === undefined) throw new Error('there is no account to place calls with');
    const { agent, to, from } = order;
    const token = ids.nonce();
    // Before it is placed: it may be answered, and asked about, before we hear that it was.
    const noted: NotedOrder = { ...order, orderedAtMs: clock.nowMs() };
    await notes.note(orderKey(token), { rank: 0, value: JSON.stringify(noted), forMs: ORDER_MS });
    const withToken = (url: string): string => askedAgain(`${url}?outbound=${token}`);
    const ordered: CallOrder = {
      to,
      from,
      ringMs,
      maxCallMs,
      voiceUrl: withToken(urls.voice),
      statusUrl: withToken(urls.status),
      detection: machine && {
        until: machine === 'hangUp' ? 'known' : 'messageEnd',
        url: withToken(urls.machine),
      },
    };
    const callId = await this.#placed(placer, ordered);
    logger.info({ callId, agent, piiTo: to, piiFrom: from }, 'outbound call placed');
    const placed = { callId, agent, to, from, state: 'queued', atMs: clock.nowMs() } as const;
    await this.#keep(placed);
    return placed;
  }

  /** What was asked for, of a call that is answered; undefined when nobody knows any more. */
  async order(token: string): Promise<NotedOrder | undefined> {
    if (!TOKEN.test(token)) return undefined;
    return orderSchema.safeParse(parsed(await this.#options.notes.get(orderKey(token)))).data;
  }

  /**
   * The provider tells how the call goes on: in any order, and as often as it likes. When this resolves, it need not again: what
   * becomes a record is on disk.
   */
  async told(token: string, callId: string, callStatus: string): Promise<void> {
    const progress = progressFrom(callStatus);
    if (progress === undefined) return;
    const order = await this.order(token);
    if (order === undefined) return;
    const { clock, unanswered } = this.#options;
    const known = await this.find(callId);
    // Before it is known: whoever dies in between is told again.
    if (isUnanswered(progress.end) && isOpen(known)) {
      await unanswered(callId, order, { kind: 'unanswered', end: progress.end }, false);
    }
    const { agent, to, from } = order;
    await this.#keep({ callId, agent, to, from, ...progress, atMs: clock.nowMs() });
    // The first end counts, whatever else is told.
    const end = known?.end ?? progress.end;
    if (end === 'completed' || (end !== undefined && known?.state === 'inProgress')) {
      await this.#streamless.over(callId, (outcome, wasAsked) => unanswered(callId, order, outcome, wasAsked));
    }
  }

  /** This process writes down what happens in the call, and so makes its record. At the end again, for a store that was away. */
  async written({ callId, direction }: CallFacts, { type }: Entry): Promise<void> {
    const isToBeKnown = direction === 'outbound' && (type === 'answered' || type === 'ended');
    if (isToBeKnown) await this.#streamless.streamCame(callId);
  }

  /** It is answered: how it ends if no stream of it comes, as far as is known now; the last word counts. */
  withoutStream(callId: string, why: FailureCode | 'callerGone'): Promise<void> {
    return this.#streamless.withoutStream(callId, why);
  }

  /** The process is told to stop: whoever is being told of an end is answered at once. */
  close(): void {
    this.#streamless.close();
  }

  /** The provider tells who has answered; the first word counts. */
  async answeredBy(token: string, callId: string, who: string): Promise<void> {
    const { logger, notes } = this.#options;
    if (who === '' || (await this.order(token)) === undefined) return;
    logger.info({ callId, who }, 'who has answered is known');
    await notes.note(answeredKey(callId), { rank: 0, value: who, forMs: ORDER_MS });
  }

  /** undefined while the provider has not told. */
  whoAnswered(callId: string): Promise<string | undefined> {
    return this.#options.notes.get(answeredKey(callId));
  }

  async find(callId: string): Promise<PlacedCall | undefined> {
    return placedSchema.safeParse(parsed(await this.#options.notes.get(placedKey(callId)))).data;
  }

  /** Those that are not over, as far as is known. */
  async live(max: number): Promise<readonly PlacedCall[]> {
    const notes = await this.#options.notes.list(LIVE_LIST, max);
    return notes.flatMap((note) => placedSchema.safeParse(parsed(note)).data ?? []);
  }

  async #placed(placer: CallPlacer, order: CallOrder): Promise<string> {
    const { metrics } = this.#options;
    try {
      const callId = await placer.place(order);
      metrics.callsOrdered.inc({ result: 'placed' });
      return callId;
    } catch (error) {
      metrics.callsOrdered.inc({ result: asFailure(error, 'INTERNAL').code });
      throw error;
    }
  }

  async #keep(placed: PlacedCall): Promise<void> {
    await this.#options.notes.note(placedKey(placed.callId), {
      rank: rankOf(placed),
      value: JSON.stringify(placed),
      forMs: PLACED_MS,
      listed: { list: LIVE_LIST, on: placed.state !== 'ended' },
    });
  }
}

/** Neither over, nor answered: that one's record is the call's own. */
const isOpen = (known: PlacedCall | undefined): boolean => known?.state !== 'ended' && known?.state !== 'inProgress';

const orderKey = (token: string): string => `order:${token}`;
const answeredKey = (callId: string): string => `answered:${callId}`;
const placedKey = (callId: string): string => `placed:${callId}`;

/** undefined where there is none, or nothing that can be read. */
function parsed(note: string | undefined): unknown {
  try {
    return note === undefined ? undefined : JSON.parse(note);
  } catch {
    return undefined;
  }
}
