/** The stream is over and Twilio asks what comes next: `POST /twilio/stream-ended`, the `<Connect action>`. */
import type { Middleware } from 'koa';
import { apologyTwiml, hangupTwiml, type TwilioAccount } from '../telephony/index.ts';
import type { Calls } from './calls.ts';
import { APOLOGY_PATH } from './sounds.ts';
import { CallForm, isOver, readForm } from './twilio-form.ts';

export const STREAM_ENDED_PATH = '/twilio/stream-ended';

export function streamEnded({ account, calls }: { account: TwilioAccount; calls: Calls }): Middleware {
  return (ctx) => {
    const { CallSid: callId, CallStatus: status } = readForm(ctx, account, CallForm);
    if (isOver(status)) calls.callerGone(callId, status);
    ctx.type = 'text/xml';
    ctx.body =
      calls.afterStream(callId) === 'apologise'
        ? apologyTwiml({ soundUrl: account.publicUrl + APOLOGY_PATH })
        : hangupTwiml();
  };
}
