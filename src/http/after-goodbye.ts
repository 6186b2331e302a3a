/** What Twilio asks and tells after a goodbye: how a transfer went, and that a message was left. */
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import type { Logger } from '../telemetry/index.ts';
import { hangupTwiml, type TwilioAccount } from '../telephony/index.ts';
import type { Calls } from './calls.ts';
import type { Goodbyes } from './goodbyes.ts';
import { CallForm, Field, isOver, readForm } from './twilio-form.ts';

/** https://www.twilio.com/docs/voice/twiml/dial#action: how the other side took the call. */
const TransferForm = z.object({ ...CallForm.shape, DialCallStatus: Field.default('') });
const TAKEN: ReadonlySet<string> = new Set(['completed', 'answered']);

/** https://www.twilio.com/docs/voice/twiml/record#recordingstatuscallback */
const RecordingForm = z.object({
  ...CallForm.shape,
  RecordingSid: Field.default(''),
  RecordingStatus: Field.default(''),
  RecordingDuration: Field.default(''),
  RecordingUrl: Field.default(''),
});

export interface AfterGoodbyeDeps {
  readonly account: TwilioAccount;
  readonly logger: Logger;
  readonly calls: Pick<Calls, 'callerGone'>;
  readonly goodbyes: Goodbyes;
}

/** When nobody answered, the caller is told what they were told before, and that is the end. */
export function transferEnded({ account, calls, goodbyes, logger }: AfterGoodbyeDeps): Middleware {
  return (ctx) => {
    const form = readForm(ctx, account, TransferForm);
    logger.info({ callId: form.CallSid, status: form.DialCallStatus }, 'transfer ended');
    if (isOver(form.CallStatus)) calls.callerGone(form.CallSid, form.CallStatus);
    ctx.type = 'text/xml';
    const isDone = isOver(form.CallStatus) || TAKEN.has(form.DialCallStatus);
    ctx.body = isDone ? hangupTwiml() : goodbyes.words(agentIn(ctx));
  };
}

export function voicemailEnded({ account, calls }: AfterGoodbyeDeps): Middleware {
  return (ctx) => {
    const form = readForm(ctx, account, CallForm);
    if (isOver(form.CallStatus)) calls.callerGone(form.CallSid, form.CallStatus);
    ctx.type = 'text/xml';
    ctx.body = hangupTwiml();
  };
}

/** The message stays with Twilio, whose address of it may be open to whoever knows it. */
export function recordingTold({ account, logger }: AfterGoodbyeDeps): Middleware {
  return (ctx) => {
    const form = readForm(ctx, account, RecordingForm);
    const seconds = Number(form.RecordingDuration);
    logger.info(
      {
        callId: form.CallSid,
        recordingId: form.RecordingSid,
        status: form.RecordingStatus,
        // Twilio says -1 of a recording that came to nothing.
        seconds: seconds > 0 ? seconds : undefined,
        piiRecordingUrl: form.RecordingUrl,
      },
      'voicemail recording',
    );
    ctx.status = 204;
  };
}

/** Twilio signs the query as well, which is ours. */
function agentIn({ query }: Context): string | undefined {
  return typeof query['agent'] === 'string' ? query['agent'] : undefined;
}
