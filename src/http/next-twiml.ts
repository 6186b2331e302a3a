/** What a caller gets next, as TwiML: the same at the first question and after a stream. */
import type { Context } from 'koa';
import { type Next, withTicket } from '../call/index.ts';
import { unreachable } from '../lib/index.ts';
import { goodbyeTwiml, hangupTwiml, holdTwiml, referTwiml, type TwilioAccount } from '../telephony/index.ts';
import { askAgain } from './ask-again.ts';
import type { Connect } from './connect.ts';
import type { Goodbyes } from './goodbyes.ts';
import { CONFERENCE_OVER, conferenceOf, WARM_JOINED_PATH, WARM_WAIT_PATH } from './warm.ts';

/** Asked when somebody to whom an agent has put its caller through has hung up or did not answer, or has the caller to themselves. */
export const PUT_THROUGH_ENDED_PATH = '/twilio/put-through-ended';

/** Told when they have answered. */
export const PUT_THROUGH_ANSWERED_PATH = '/twilio/put-through-answered';

export interface NextTwimlDeps {
  readonly account: TwilioAccount;
  readonly connect: Connect;
  readonly goodbyes: Goodbyes;
}

export interface Asked {
  readonly callId: string;
  /** Who speaks in the call, as far as is known. */
  readonly agent: string | undefined;
  /** Whether the caller came by SIP. */
  readonly bySip: boolean;
}

export function nextTwiml(
  ctx: Context,
  next: Next,
  { callId, agent, bySip }: Asked,
  { account, connect, goodbyes }: NextTwimlDeps,
): string {
  switch (next.do) {
    case 'hangUp':
      return hangupTwiml();
    case 'connect':
      return connect(next.call, { keys: next.keys });
    case 'transfer': {
      const transfer = {
        ...next.transfer,
        actionUrl: account.publicUrl + PUT_THROUGH_ENDED_PATH,
        answeredUrl: `${account.publicUrl + PUT_THROUGH_ANSWERED_PATH}?call=${callId}`,
      };
      return transfer.refer && bySip ? referTwiml(transfer) : goodbyeTwiml({ transfer });
    }
    case 'hold': {
      const { ticket } = next;
      return holdTwiml({
        conference: conferenceOf(ticket),
        actionUrl: withTicket(account.publicUrl + PUT_THROUGH_ENDED_PATH, ticket, CONFERENCE_OVER),
        waitUrl: withTicket(account.publicUrl + WARM_WAIT_PATH, ticket),
        joinedUrl: withTicket(account.publicUrl + WARM_JOINED_PATH, ticket),
      });
    }
    case 'askElsewhere':
      return askAgain(ctx, account) ?? goodbyes.whole(agent);
    case 'fallback':
      return goodbyes.whole(next.agent ?? agent, next.heard);
    default:
      return unreachable(next);
  }
}
