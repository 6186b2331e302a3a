/** Whether a request is Twilio's: X-Twilio-Signature, https://www.twilio.com/docs/usage/security#validating-requests */
import { timingSafeEqual } from 'node:crypto';
import webhooks from 'twilio/lib/webhooks/webhooks.js';
import { Failure, type FailureCode } from '../../lib/index.ts';

export interface TwilioAccount {
  /** The https URL by which Twilio reaches us. Requests are judged by it, never by their Host header. */
  readonly publicUrl: string;
  /** Without it nothing is verified: that is for trying things out only. */
  readonly authToken: string | undefined;
}

/** A name that comes several times has an array, as Twilio signs each distinct value. */
export type FormParameters = Readonly<Record<string, string | readonly string[]>>;

/** Headers as Node gives them; Twilio sends the signature once. */
type SignatureHeader = string | readonly string[] | undefined;

/**
 * Some accounts' requests were reported to carry these added after signing, against the documentation. A signature
 * over the rest is as hard to forge, and we read neither.
 */
const ADDED_AFTER_SIGNING: ReadonlySet<string> = new Set(['CallToken', 'StirVerstat']);

/** Throws Failure WEBHOOK_UNSIGNED. `target` is the request's path and query, byte for byte. */
export function verifyWebhook(
  account: TwilioAccount,
  target: string,
  signature: SignatureHeader,
  form: FormParameters,
): void {
  const urls = portVariants(urlOf(account.publicUrl, target));
  const kept = Object.entries(form).filter(([name]) => !ADDED_AFTER_SIGNING.has(name));
  const forms = kept.length === Object.keys(form).length ? [form] : [form, Object.fromEntries(kept)];
  verify(account, signature, urls, forms, 'WEBHOOK_UNSIGNED');
}

/**
 * Throws Failure STREAM_UNSIGNED. Twilio signs the `wss` URL without parameters, and tells us to try it with a slash
 * at the end as well.
 */
export function verifyUpgrade(account: TwilioAccount, path: string, signature: SignatureHeader): void {
  const url = urlOf(account.publicUrl, path).replace(/^http/, 'ws').replace(/\/+$/, '');
  verify(account, signature, [...portVariants(url), ...portVariants(`${url}/`)], [{}], 'STREAM_UNSIGNED');
}

function verify(
  { authToken }: TwilioAccount,
  signature: SignatureHeader,
  urls: readonly string[],
  forms: readonly FormParameters[],
  code: FailureCode,
): void {
  if (authToken === undefined) return;
  if (typeof signature !== 'string') throw new Failure(code, 'no X-Twilio-Signature header');
  const given = Buffer.from(signature);
  const matches = (url: string, form: FormParameters): boolean => {
    const expected = Buffer.from(webhooks.getExpectedTwilioSignature(authToken, url, form));
    return expected.length === given.length && timingSafeEqual(expected, given);
  };
  if (urls.some((url) => forms.some((form) => matches(url, form)))) return;
  const tried = urls.map((url) => url.replace(/\?.*$/s, '?…'));
  throw new Failure(code, `X-Twilio-Signature fits none of ${tried.join(', ')}`);
}

const urlOf = (publicUrl: string, target: string): string => publicUrl.replace(/\/+$/, '') + target;

/**
 * The URL as it is, without its port, and with the one that its scheme implies: Twilio leaves the port out of https
 * URLs before signing, and whether it does so for `wss` is not written down. The text is not normalised otherwise.
 */
function portVariants(url: string): string[] {
  const parts = /^([a-z]+:\/\/)((?:\[[^\]]*\])|[^:/?#]+)(:\d+)?(.*)$/is.exec(url);
  if (parts === null) return [url];
  const [, scheme = '', host = '', , rest = ''] = parts;
  const implied = /^(https|wss):/i.test(scheme) ? ':443' : ':80';
  return [...new Set([url, scheme + host + rest, scheme + host + implied + rest])];
}
