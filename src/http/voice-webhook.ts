/** Twilio asks what to do with a call: `POST /twilio/voice`, answered with TwiML within milliseconds. */
import type { Middleware } from 'koa';
import { z } from 'zod';
import type { RingingCall } from '../call/index.ts';
import { Failure } from '../lib/index.ts';
import {
  connectTwiml,
  rejectTwiml,
  type StreamTokens,
  TWILIO_MEDIA_PATH,
  type TwilioAccount,
} from '../telephony/index.ts';
import { parametersOf, TOKEN_PARAMETER } from './call-parameters.ts';
import type { Calls } from './calls.ts';
import { type FailureDeps, report } from './failures.ts';
import { STREAM_ENDED_PATH } from './stream-ended.ts';
import { CallForm, readForm } from './twilio-form.ts';

/** Enough for any trunk's own headers; all of them, escaped, stay well below the 64 kB that TwiML may have. */
const MAX_SIP_HEADERS = 16;
const MAX_SIP_HEADER_CHARACTERS = 256;
/** RFC 3261 §25.1: what a header's name is made of. A longer or stranger one is not an agent's business. */
const SIP_HEADER_FIELD = /^SipHeader_([\w.!%*+`'~-]{1,64})$/;

/** https://www.twilio.com/docs/voice/twiml#request-parameters */
const VoiceForm = z.looseObject({
  ...CallForm.shape,
  From: z.string().default(''),
  To: z.string().min(1),
  Direction: z.string().default('inbound'),
});

export interface VoiceWebhookDeps extends FailureDeps {
  readonly account: TwilioAccount;
  readonly calls: Calls;
  readonly tokens: StreamTokens;
}

/** Twilio may ask twice about one call; each answer opens the same call, and each token works once. */
export function voiceWebhook(deps: VoiceWebhookDeps): Middleware {
  const { account, calls, tokens } = deps;
  return (ctx) => {
    const form = readForm(ctx, account, VoiceForm);
    ctx.type = 'text/xml';
    const agent = calls.agentFor(form.To);
    if (agent === undefined) {
      report(
        deps,
        new Failure('AGENT_UNKNOWN', 'no agent answers the number that was called, and none is the default'),
      );
      ctx.body = rejectTwiml('rejected');
      return;
    }
    const call: RingingCall = {
      callId: form.CallSid,
      provider: 'twilio',
      agent,
      from: form.From,
      to: form.To,
      direction: form.Direction.startsWith('outbound') ? 'outbound' : 'inbound',
      sipHeaders: sipHeadersOf(form),
    };
    if (!ring(call)) {
      ctx.body = rejectTwiml('busy');
      return;
    }
    const parameters = parametersOf(call);
    const token = tokens.issue(call.callId, parameters);
    ctx.body = connectTwiml({
      streamUrl: account.publicUrl.replace(/^http/, 'ws') + TWILIO_MEDIA_PATH,
      actionUrl: account.publicUrl + STREAM_ENDED_PATH,
      parameters: { ...parameters, [TOKEN_PARAMETER]: token },
    });
  };

  /** False when no line is free, which a caller understands as a busy signal. */
  function ring(call: RingingCall): boolean {
    try {
      calls.ring(call);
      return true;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'SERVICE_FULL') throw error;
      report(deps, error);
      return false;
    }
  }
}

function sipHeadersOf(form: Readonly<Record<string, unknown>>): Record<string, string> {
  const headers: [string, string][] = [];
  for (const [field, value] of Object.entries(form)) {
    const name = SIP_HEADER_FIELD.exec(field)?.[1];
    if (name === undefined || typeof value !== 'string') continue;
    headers.push([name, value.slice(0, MAX_SIP_HEADER_CHARACTERS)]);
  }
  return Object.fromEntries(headers.slice(0, MAX_SIP_HEADERS));
}
