/** How a call of the bench comes to its stream: by the voice webhook, signed, as Twilio asks it; or straight away. */
import webhooks from 'twilio/lib/webhooks/webhooks.js';
import { ACCOUNT_SID, AUTH_TOKEN, sleep } from '../service.ts';
import { nowMs } from './helper.ts';

export interface Target {
  /** Asked first; its TwiML says where the stream is. */
  readonly origin?: string | undefined;
  /** Where there is no webhook. */
  readonly streamUrl?: string | undefined;
}

export interface Lifted {
  readonly callSid: string;
  readonly streamUrl: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly hurried: boolean;
  /** When the webhook was asked. */
  readonly askedMs: number | undefined;
  /** Tells the service that the call is over. */
  over(): Promise<void>;
}

/** As long as Twilio waits for a webhook. */
export const ANSWER_LIMIT_MS = 15_000;
/** From the TwiML to the stream's start Twilio takes half a second and more: the time in which a session can get ready. */
const DIAL_MS = 700;

/** Call SIDs of one process of phones differ from those of the next. */
const SERIES = String(process.pid);

export const signed = (url: string, form: Readonly<Record<string, string>>): string =>
  webhooks.getExpectedTwilioSignature(AUTH_TOKEN, url, { ...form });

/** `hurried` opens the stream at once: what the caller would wait for, were there no early session. */
export async function lift(call: number, hurried: boolean, { origin, streamUrl }: Target): Promise<Lifted> {
  const callSid = `CA${SERIES}${String(call).padStart(32 - SERIES.length, '0')}`;
  if (origin === undefined) {
    const parameters = { from: numberOf(call) };
    return {
      callSid,
      streamUrl: streamUrl!,
      parameters,
      hurried: true,
      askedMs: undefined,
      over: async () => undefined,
    };
  }
  const askedMs = nowMs();
  const twiml = await post(`${origin}/twilio/voice`, formOf(call, callSid, 'ringing'));
  if (!hurried) await sleep(DIAL_MS);
  const url = /<Stream url="([^"]+)"/.exec(twiml)?.[1];
  if (url === undefined) throw new Error(`call ${call} got no stream: ${twiml.slice(0, 300)}`);
  const parameters = Object.fromEntries(
    [...twiml.matchAll(/<Parameter name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
  );
  return {
    callSid,
    streamUrl: url,
    parameters,
    hurried,
    askedMs,
    over: async () => void (await post(`${origin}/twilio/status`, formOf(call, callSid, 'completed'))),
  };
}

const numberOf = (call: number): string => `+1555${String(1_000_000 + call)}`;

function formOf(call: number, callSid: string, status: string): Record<string, string> {
  return {
    CallSid: callSid,
    AccountSid: ACCOUNT_SID,
    From: numberOf(call),
    To: '+15550100',
    CallStatus: status,
    Direction: 'inbound',
    ApiVersion: '2010-04-01',
  };
}

async function post(url: string, form: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'x-twilio-signature': signed(url, form) },
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  return response.text();
}
