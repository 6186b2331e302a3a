/** What the webhooks need to know of calls that were placed from here. Most know their call by a token in their signed query. */
import type { Context } from 'koa';
import type { OutboundOrder } from '../call/index.ts';
import type { FailureCode } from '../lib/index.ts';

export interface OutboundDoor {
  /** What was asked for, of a call that is answered; undefined when nobody knows any more. */
  order(token: string): Promise<Pick<OutboundOrder, 'agent' | 'outbound'> | undefined>;
  /** A call that was placed from here; undefined: it was not, as far as anybody knows. */
  find(callId: string): Promise<Pick<OutboundOrder, 'agent'> | undefined>;
  /** It is answered: how it ends if no stream of it comes, as far as is known now; the last word counts. Never rejects. */
  withoutStream(callId: string, why: FailureCode | 'callerGone'): Promise<void>;
  /** How the call goes on, in Twilio's words, in any order. */
  told(token: string, callId: string, callStatus: string): Promise<void>;
  /** Who has answered, in Twilio's words. The first word counts. */
  answeredBy(token: string, callId: string, who: string): Promise<void>;
}

/** To be read of a request whose signature is good. */
export function outboundToken({ query }: Context): string | undefined {
  const { outbound } = query;
  return typeof outbound === 'string' ? outbound : undefined;
}
