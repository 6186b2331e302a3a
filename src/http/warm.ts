/**
 * What Twilio asks and tells of a caller who waits for somebody to take their call: below `/twilio/warm/`. Which caller, and which
 * try, stands in the query, which Twilio signs.
 */
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { type Ticket, withTicket } from '../call/index.ts';
import { Failure } from '../lib/index.ts';
import { askTwiml, hangupTwiml, joinTwiml, TAKING_KEY, type TwilioAccount, waitTwiml } from '../telephony/index.ts';
import { CallForm, Field, isOver, readForm } from './twilio-form.ts';

/** Asked when whoever is called has answered, and when they have pressed a key. */
export const WARM_VOICE_PATH = '/twilio/warm/voice';
export const WARM_KEY_PATH = '/twilio/warm/key';
/** Told how their call goes on, and that the two can talk. */
export const WARM_STATUS_PATH = '/twilio/warm/status';
export const WARM_JOINED_PATH = '/twilio/warm/joined';
/** Asked for what the caller hears meanwhile. */
export const WARM_WAIT_PATH = '/twilio/warm/wait';
/** How a transfer went whose conference is over: nobody says. */
export const CONFERENCE_OVER = 'over';

/** What is said to whoever is called, and how. Fits WarmTransfer of tools/. */
export interface Briefing {
  readonly accept: 'key' | 'answer';
  readonly summary: string;
  readonly prompt: string;
  readonly voice?: string | undefined;
  readonly language?: string | undefined;
}

export interface WarmDoor {
  /** undefined: nobody waits for them. */
  briefing(ticket: Ticket): Promise<Briefing | undefined>;
  joined(ticket: Ticket): Promise<void>;
  /** `status`: Twilio's word for how the call of whoever was called has ended. */
  calleeGone(ticket: Ticket, status: string): Promise<void>;
  /** undefined: the caller waits for nobody. */
  stillWaits(ticket: Ticket): Promise<{ readonly holdMusic?: string | undefined } | undefined>;
  /** The caller is out of the conference and still there; whether they have talked. */
  leftConference(ticket: Ticket): Promise<boolean>;
}

export interface WarmDeps {
  readonly account: TwilioAccount;
  readonly warm: WarmDoor;
}

const KeyForm = z.object({ ...CallForm.shape, Digits: Field.default('') });
/** https://www.twilio.com/docs/voice/twiml/conference#attributes-status-callback */
const ConferenceForm = z.object({ StatusCallbackEvent: Field.default('') });

const CallQuery = z.object({ call: z.string().regex(/^CA[0-9a-fA-F]{32}$/) });
const TicketQuery = CallQuery.extend({ at: z.string().regex(/^\d{1,15}$/) });

/** To be read of a request whose signature is good. Throws Failure WEBHOOK_BAD_REQUEST. */
export function ticketIn(ctx: Pick<Context, 'query'>): Ticket {
  const { call, at } = queryOf(ctx, TicketQuery);
  return { callId: call, atMs: Number(at) };
}

/** As `ticketIn`: the caller alone. */
export const callIn = (ctx: Pick<Context, 'query'>): string => queryOf(ctx, CallQuery).call;

function queryOf<T>({ query }: Pick<Context, 'query'>, schema: z.ZodType<T>): T {
  const { data } = schema.safeParse(query);
  if (data === undefined) throw new Failure('WEBHOOK_BAD_REQUEST', 'the query does not say which caller is meant');
  return data;
}

export const conferenceOf = ({ callId, atMs }: Ticket): string => `${callId}-${atMs}`;

export function warmVoice({ account, warm }: WarmDeps): Middleware {
  return async (ctx) => {
    readForm(ctx, account, CallForm);
    const ticket = ticketIn(ctx);
    const briefing = await warm.briefing(ticket);
    ctx.type = 'text/xml';
    ctx.body = briefing === undefined ? hangupTwiml() : askedOrJoined(briefing, ticket, account);
  };
}

function askedOrJoined({ accept, summary, prompt, ...how }: Briefing, ticket: Ticket, account: TwilioAccount): string {
  const { voice, language } = how;
  const about = { text: summary, voice, language };
  if (accept === 'answer') return joinTwiml({ words: [about], conference: conferenceOf(ticket) });
  const words = [about, { text: prompt, voice, language }];
  return askTwiml({ words, answerUrl: withTicket(account.publicUrl + WARM_KEY_PATH, ticket) });
}

export function warmKey({ account, warm }: WarmDeps): Middleware {
  return async (ctx) => {
    const { Digits: key } = readForm(ctx, account, KeyForm);
    const ticket = ticketIn(ctx);
    const isTaken = key === TAKING_KEY && (await warm.briefing(ticket)) !== undefined;
    ctx.type = 'text/xml';
    ctx.body = isTaken ? joinTwiml({ words: [], conference: conferenceOf(ticket) }) : hangupTwiml();
  };
}

export function warmStatus({ account, warm }: WarmDeps): Middleware {
  return async (ctx) => {
    const { CallStatus: status } = readForm(ctx, account, CallForm);
    const ticket = ticketIn(ctx);
    if (isOver(status)) await warm.calleeGone(ticket, status);
    ctx.status = 204;
  };
}

export function warmJoined({ account, warm }: WarmDeps): Middleware {
  return async (ctx) => {
    const { StatusCallbackEvent: event } = readForm(ctx, account, ConferenceForm);
    const ticket = ticketIn(ctx);
    if (event === 'conference-start') await warm.joined(ticket);
    ctx.status = 204;
  };
}

export function warmWait({ account, warm }: WarmDeps): Middleware {
  return async (ctx) => {
    readForm(ctx, account, CallForm);
    const ticket = ticketIn(ctx);
    const waiting = await warm.stillWaits(ticket);
    ctx.type = 'text/xml';
    ctx.body = waitTwiml({
      music: waiting?.holdMusic,
      againUrl: withTicket(account.publicUrl + WARM_WAIT_PATH, ticket),
    });
  };
}
