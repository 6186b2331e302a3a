/** One request to a receiver of the operator's, signed as https://www.standardwebhooks.com says, within a deadline. */
import { Webhook } from 'standardwebhooks';
import { type Clock, Failure } from '../lib/index.ts';

export interface SignedPost {
  readonly url: string;
  /** "whsec_" and base64. */
  readonly secret: string;
  /** The same for each attempt, so that the receiver can tell a repetition. Without full stops, which separate the parts of what is signed. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
  readonly clock: Clock;
  /** For all of it, the answer's body included. */
  readonly deadlineMs: number;
  /** 0: nobody reads the answer's body. */
  readonly maxAnswerBytes: number;
  /** Cuts it short; undefined: nobody does. */
  readonly abandoned?: AbortSignal | undefined;
}

export interface SignedAnswer {
  readonly status: number;
  /** undefined: it is longer than it may be. */
  readonly body: string | undefined;
}

/** The message says why, in words that may be logged: nothing of the URL, in which a receiver may keep a secret. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * Redirects are answers like others: what is sent goes where the operator said, and nowhere else. Rejects with NoAnswer, or
 * with Failure CONFIG_INVALID for a secret that is none.
 */
export async function postSigned(post: SignedPost): Promise<SignedAnswer> {
  const { url, body, clock, deadlineMs, maxAnswerBytes, abandoned } = post;
  const headers = signed(post);
  const abort = new AbortController();
  const cancel = clock.after(deadlineMs, () => abort.abort());
  const signal = abandoned === undefined ? abort.signal : AbortSignal.any([abort.signal, abandoned]);
  try {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    if (maxAnswerBytes > 0) return { status: response.status, body: await read(response, maxAnswerBytes) };
    await response.body?.cancel();
    return { status: response.status, body: '' };
  } catch (error) {
    // Without the cause, whose message may quote the URL.
    throw new NoAnswer(
      abort.signal.aborted ? `gave no answer within ${deadlineMs} ms` : `could not be reached: ${reason(error)}`,
    );
  } finally {
    cancel();
  }
}

async function read({ body }: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function signed({ secret, id, body, clock }: SignedPost): Record<string, string> {
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

/** The word for it alone: a system's code such as ECONNREFUSED, or the error's name. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause ? String(cause.code) : cause.name;
}
