/** Tells a receiver what happened in a call, signed as https://www.standardwebhooks.com says. */
import { Webhook } from 'standardwebhooks';
import { type Clock, Failure } from '../lib/index.ts';
import type { EventType, Receiver } from './afterwards.ts';

export interface CallEvent {
  readonly type: EventType;
  readonly callId: string;
  /** Of what happened, not of its delivery: each attempt sends the same. */
  readonly timestamp: string;
  readonly data: unknown;
}

/** The specification asks for 15 to 30 s; ours are tried again, and one slow receiver must not hold a worker. */
const DEADLINE_MS = 10_000;
/** The specification: "410 Gone" asks to send no more. Each other refusal may be a receiver's bad day, and is tried again. */
const GONE = 410;

/** Rejects with Failure WEBHOOK_DELIVERY, WEBHOOK_REFUSED or CONFIG_INVALID; `abandoned` cuts it short. */
export async function sendEvent(
  event: CallEvent,
  { url, secret }: Receiver,
  clock: Clock,
  abandoned?: AbortSignal,
): Promise<void> {
  const { type, timestamp, data } = event;
  const body = JSON.stringify({ type, timestamp, data });
  const status = await post(url, { body, headers: signed(secret, messageId(event), body, clock) }, clock, abandoned);
  if (status >= 200 && status < 300) return;
  if (status === GONE) throw new Failure('WEBHOOK_REFUSED', 'the receiver answered 410: it wants no more');
  throw new Failure('WEBHOOK_DELIVERY', `the receiver answered ${status}`);
}

/** The same for each attempt, so that the receiver can tell a repetition. A full stop separates the parts of what is signed. */
function messageId({ type, callId }: CallEvent): string {
  return `${type.replace('.', '_')}_${callId.replaceAll('.', '~')}`;
}

function signed(secret: string, id: string, body: string, clock: Clock): Record<string, string> {
  // Receivers refuse what is minutes off their own clock.
  const now = new Date(clock.wallMs());
  try {
    return {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, now, body),
    };
  } catch {
    // Without the cause, which may quote the secret.
    throw new Failure('CONFIG_INVALID', 'the webhook secret is not base64 (with or without "whsec_")');
  }
}

/** The status of the answer, whose body nobody reads. Redirects are answers like others: the record goes where it was told. */
async function post(
  url: string,
  sent: { readonly body: string; readonly headers: Record<string, string> },
  clock: Clock,
  abandoned: AbortSignal | undefined,
): Promise<number> {
  const abort = new AbortController();
  const cancel = clock.after(DEADLINE_MS, () => abort.abort());
  const signal = abandoned === undefined ? abort.signal : AbortSignal.any([abort.signal, abandoned]);
  try {
    const response = await fetch(url, { method: 'POST', ...sent, redirect: 'manual', signal });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    const why = abort.signal.aborted
      ? `gave no answer within ${DEADLINE_MS} ms`
      : `could not be reached: ${reason(error)}`;
    // Without the cause, whose message may quote the URL, and with it what a receiver keeps secret there.
    throw new Failure('WEBHOOK_DELIVERY', `the receiver ${why}`);
  } finally {
    cancel();
  }
}

/** The word for it alone: a system's code such as ECONNREFUSED, or the error's name. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause ? String(cause.code) : cause.name;
}
