/** Tells a receiver what happened in a call, signed as https://www.standardwebhooks.com says. */
import { type Clock, Failure } from '../lib/index.ts';
import { NoAnswer, postSigned, type SignedPost } from '../webhooks/index.ts';
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
  const status = await post({ url, secret, id: messageId(event), body, clock, abandoned });
  if (status >= 200 && status < 300) return;
  if (status === GONE) throw new Failure('WEBHOOK_REFUSED', 'the receiver answered 410: it wants no more');
  throw new Failure('WEBHOOK_DELIVERY', `the receiver answered ${status}`);
}

/** The same for each attempt, so that the receiver can tell a repetition. A full stop separates the parts of what is signed. */
function messageId({ type, callId }: CallEvent): string {
  return `${type.replace('.', '_')}_${callId.replaceAll('.', '~')}`;
}

/** The status of the answer, whose body nobody reads. */
async function post(request: Omit<SignedPost, 'deadlineMs' | 'maxAnswerBytes'>): Promise<number> {
  try {
    return (await postSigned({ ...request, deadlineMs: DEADLINE_MS, maxAnswerBytes: 0 })).status;
  } catch (error) {
    if (error instanceof NoAnswer) throw new Failure('WEBHOOK_DELIVERY', `the receiver ${error.message}`);
    throw error;
  }
}
