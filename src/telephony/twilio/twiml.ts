/** The TwiML documents that we answer with: https://www.twilio.com/docs/voice/twiml */
import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import { speak, type Words } from './spoken.ts';
import { xmlText } from './xml-text.ts';

/** https://www.twilio.com/docs/voice/twiml/stream: name and value of a `<Parameter>` have less than 500 characters together. */
const MAX_PARAMETER_CHARACTERS = 499;

/**
 * An address of ours that Twilio asks again, up to three times, when a process is gone in the middle of it or does not answer in
 * five seconds; by itself it asks again only when no connection came about. The fragment is no part of what is signed.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */
export function askedAgain(url: string): string {
  return `${url}#rc=3&rp=ct,rt,5xx&rt=5000`;
}

export interface ConnectOptions {
  /** `wss:`, without a query: Twilio strips it. */
  readonly streamUrl: string;
  /** What Twilio asks when the stream is over; without it the call would end with its stream. */
  readonly actionUrl: string;
  /** What the caller hears first: Twilio sends us nothing of them before it is over. */
  readonly notice?: Words | undefined;
  /** Pressed before the stream opens: 0-9 A-D * #, w and W wait. https://www.twilio.com/docs/voice/twiml/play#digits */
  readonly keys?: string | undefined;
  /** Made by `fitParameters`; they come back in the stream's `start`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Joins the call to a stream in both directions. What follows the stream leads back to us twice: by the action, and by
 * the next verb, because it is not written down which of them Twilio takes when the stream breaks.
 */
export function connectTwiml({ streamUrl, actionUrl, notice, keys, parameters }: ConnectOptions): string {
  const response = new VoiceResponse();
  if (notice !== undefined) speak(response, notice);
  if (keys !== undefined) response.play({ digits: keys });
  const stream = response.connect({ action: askedAgain(actionUrl), method: 'POST' }).stream({ url: streamUrl });
  for (const [name, value] of Object.entries(parameters)) {
    if (name.length + value.length > MAX_PARAMETER_CHARACTERS) throw new RangeError(`parameter ${name} is too long`);
    stream.parameter({ name, value });
  }
  response.redirect({ method: 'POST' }, askedAgain(actionUrl));
  return response.toString();
}

/**
 * Has Twilio ask again, a moment later, when the load balancer knows of another process to send it to. A pause that
 * comes first does not answer the call: https://www.twilio.com/docs/voice/twiml/pause
 */
export function askAgainTwiml({ url }: { url: string }): string {
  const response = new VoiceResponse();
  response.pause({ length: 1 });
  response.redirect({ method: 'POST' }, askedAgain(url));
  return response.toString();
}

/**
 * Has the caller's own telephone system dial somebody else and leave us, which only works where the caller came by SIP (error
 * 13801). Twilio asks the action when it knows how that went. https://www.twilio.com/docs/voice/twiml/refer
 */
export function referTwiml({ to, actionUrl }: { readonly to: string; readonly actionUrl: string }): string {
  const response = new VoiceResponse();
  response.refer({ action: askedAgain(actionUrl), method: 'POST' }).sip(xmlText(to));
  return response.toString();
}

export function hangupTwiml(): string {
  const response = new VoiceResponse();
  response.hangup();
  return response.toString();
}

/** Turns the call down unanswered, which costs nobody anything: the caller hears that the number is not in service, or busy. */
export function rejectTwiml(reason: 'rejected' | 'busy'): string {
  const response = new VoiceResponse();
  response.reject({ reason });
  return response.toString();
}

/**
 * Parameters as they will come back: what XML cannot carry is left out, white space becomes single spaces (attributes
 * lose line ends), too long values are cut, and empty ones are left out because nobody says whether they come back.
 */
export function fitParameters(parameters: Readonly<Record<string, string>>): Record<string, string> {
  const fitted = Object.entries(parameters).map(([name, value]): [string, string] => {
    const clean = xmlText(value)
      .replace(/\s+/g, ' ')
      .slice(0, Math.max(0, MAX_PARAMETER_CHARACTERS - name.length));
    // The cut may have left half a surrogate pair or a space at the end.
    return [name, xmlText(clean).trim()];
  });
  return Object.fromEntries(fitted.filter(([, value]) => value !== ''));
}
