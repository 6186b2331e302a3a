/** What a webhook's form says of its call: the same at the first question and at every later one. */
import { z } from 'zod';
import type { RingingCall } from '../call/index.ts';
import { CallForm, cutTo, Field } from './twilio-form.ts';

/** Enough for any trunk's own headers; all of them, escaped, stay well below the 64 kB that TwiML may have. */
const MAX_SIP_HEADERS = 16;
const MAX_SIP_HEADER_CHARACTERS = 256;
/** RFC 3261 §25.1: what a header's name is made of. A longer or stranger one is not an agent's business. */
const SIP_HEADER_FIELD = /^SipHeader_([\w.!%*+`'~-]{1,64})$/;

/** https://www.twilio.com/docs/voice/twiml#request-parameters */
export const AnyCallForm = z.looseObject({
  ...CallForm.shape,
  From: Field.default(''),
  To: Field.default(''),
  Direction: Field.default('inbound'),
});

/** Whether Twilio has the caller by SIP: https://www.twilio.com/docs/voice/api/sip-twiml */
export function isSip({ To, SipCallId }: z.output<typeof AnyCallForm>): boolean {
  return SipCallId !== undefined || /^sips?:/i.test(To);
}

export function directionOf({ Direction }: z.output<typeof AnyCallForm>): RingingCall['direction'] {
  return Direction.startsWith('outbound') ? 'outbound' : 'inbound';
}

/** The side that is ours: who was called from here has another number than the agent. */
export function ownNumber(form: z.output<typeof AnyCallForm>): string {
  return directionOf(form) === 'outbound' ? form.From : form.To;
}

/** A call that is announced must say whom it calls. */
export const VoiceForm = AnyCallForm.extend({ To: z.string().min(1).pipe(Field) });

export function callFrom(
  form: z.output<typeof AnyCallForm>,
  agent: string,
  outbound?: RingingCall['outbound'],
): RingingCall {
  return {
    callId: form.CallSid,
    provider: 'twilio',
    agent,
    from: form.From,
    to: form.To,
    direction: directionOf(form),
    sipHeaders: sipHeadersOf(form),
    ...(outbound && { outbound }),
  };
}

function sipHeadersOf(form: Readonly<Record<string, unknown>>): Record<string, string> {
  const headers: [string, string][] = [];
  for (const [field, value] of Object.entries(form)) {
    const name = SIP_HEADER_FIELD.exec(field)?.[1];
    if (name === undefined || typeof value !== 'string') continue;
    headers.push([name, cutTo(MAX_SIP_HEADER_CHARACTERS, value)]);
  }
  return Object.fromEntries(headers.slice(0, MAX_SIP_HEADERS));
}
