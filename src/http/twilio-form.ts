/** A webhook's form, judged and then read: nothing is done with a request that Twilio did not sign. */
import type { Context } from 'koa';
import { z } from 'zod';
import { describeIssues, Failure } from '../lib/index.ts';
import { type FormParameters, type TwilioAccount, verifyWebhook } from '../telephony/index.ts';

/** https://www.twilio.com/docs/glossary/what-is-a-sid */
const CallSid = z.string().regex(/^CA[0-9a-fA-F]{32}$/);

/**
 * A number has 15 digits at most (E.164), a SIP URI less than 255 characters (https://www.twilio.com/docs/voice/twiml/sip), and
 * Twilio's own words, ids and addresses fewer. What is longer serves no call; the call is taken all the same.
 */
const MAX_FIELD_CHARACTERS = 255;

/** Without the half of a character that a cut may leave. */
export const cutTo = (maxCharacters: number, text: string): string =>
  text.length <= maxCharacters ? text : text.slice(0, maxCharacters).replace(/[\uD800-\uDBFF]$/, '');

export const Field = z.string().transform((text) => cutTo(MAX_FIELD_CHARACTERS, text));

/** What every request about a call carries. */
export const CallForm = z.object({ CallSid, CallStatus: Field.default('') });

/** Statuses that a call does not leave: https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
const OVER: ReadonlySet<string> = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

export const isOver = (callStatus: string): boolean => OVER.has(callStatus);

/** Throws Failure WEBHOOK_UNSIGNED, WEBHOOK_BAD_REQUEST. */
export function readForm<T>(ctx: Context, account: TwilioAccount, schema: z.ZodType<T>): T {
  const form = parse(ctx.request.rawBody ?? '');
  verifyWebhook(account, ctx.originalUrl, ctx.req.headers['x-twilio-signature'], form);
  const result = schema.safeParse(form);
  if (result.success) return result.data;
  throw new Failure('WEBHOOK_BAD_REQUEST', describeIssues(result.error.issues));
}

/** A name that comes once has its value, a repeated one all of them: the signature covers them so. */
function parse(body: string): FormParameters {
  const valuesByName = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(body)) {
    const values = valuesByName.get(name);
    if (values === undefined) valuesByName.set(name, [value]);
    else values.push(value);
  }
  return Object.fromEntries(
    [...valuesByName].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
  );
}
