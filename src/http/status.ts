/** Twilio tells how a call goes on: `POST /twilio/status`. Callbacks come late, twice and out of order; only the end counts. */
import type { Middleware } from 'koa';
import type { TwilioAccount } from '../telephony/index.ts';
import type { Calls } from './calls.ts';
import { CallForm, isOver, readForm } from './twilio-form.ts';

export function callStatus({ account, calls }: { account: TwilioAccount; calls: Calls }): Middleware {
  return (ctx) => {
    const { CallSid: callId, CallStatus: status } = readForm(ctx, account, CallForm);
    if (isOver(status)) calls.callerGone(callId, status);
    ctx.status = 204;
  };
}
