/** Twilio tells how a call goes on: `POST /twilio/status`. Callbacks come late, twice and out of order. */
import type { Middleware } from 'koa';
import type { TwilioAccount } from '../telephony/index.ts';
import type { Calls } from './calls.ts';
import { type OutboundDoor, outboundToken } from './outbound-door.ts';
import { CallForm, isOver, readForm } from './twilio-form.ts';

export const STATUS_PATH = '/twilio/status';

export interface CallStatusDeps {
  readonly account: TwilioAccount;
  readonly calls: Pick<Calls, 'callerGone'>;
  readonly outbound: Pick<OutboundDoor, 'told'>;
}

/** Of a call that is placed from here each step counts, of any other one only the end. */
export function callStatus({ account, calls, outbound }: CallStatusDeps): Middleware {
  return async (ctx) => {
    const { CallSid: callId, CallStatus: status } = readForm(ctx, account, CallForm);
    const token = outboundToken(ctx);
    await Promise.all([
      isOver(status) ? calls.callerGone(callId, status) : undefined,
      token === undefined ? undefined : outbound.told(token, callId, status),
    ]);
    ctx.status = 204;
  };
}
