/** Delivers what there is to tell of a call to the agent's receiver, signed as https://www.standardwebhooks.com says. */
import { Webhook } from 'standardwebhooks';
import { type Clock, Failure } from '../../lib/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { ANALYSES, type CallRecord } from '../../transcript/index.ts';
import type { AfterwardsFor } from '../afterwards.ts';
import type { Analysed } from '../analysis/analysed.ts';
import { redactRecord } from '../redact/redact-record.ts';
import type { Step } from './step.ts';

export interface WebhookStepOptions {
  readonly afterwardsFor: AfterwardsFor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The specification asks for 15 to 30 s; ours are retried for more than a day, and one slow receiver must not hold a worker. */
const DEADLINE_MS = 10_000;
/** The specification: "410 Gone" asks to send no more. Each other refusal may be a receiver's bad day, and is tried again. */
const GONE = 410;

/** `call.ended`: the record, as soon as the call is over. */
export function deliverWebhook(options: WebhookStepOptions): Step {
  return {
    name: 'deliver-webhook',
    async run(record) {
      await deliver({ type: 'call.ended', timestamp: record.endedAt, record }, options);
    },
  };
}

/** `call.analyzed`: the record with what was found out about the call, once all of it is, or is given up. */
export function deliverAnalysed(analysed: Analysed, options: WebhookStepOptions): Step {
  return {
    name: 'deliver-analysed',
    after: ['deliver-webhook', ...ANALYSES],
    async run(given, { results }) {
      const record = analysed(given, results);
      if (record === undefined) return;
      const moments = ANALYSES.flatMap((name) => record.analysis?.[name]?.at ?? []);
      await deliver({ type: 'call.analyzed', timestamp: [record.endedAt, ...moments].sort().at(-1)!, record }, options);
    },
  };
}

interface CallEvent {
  readonly type: 'call.ended' | 'call.analyzed';
  /** Of what happened, not of its delivery: each attempt sends the same. */
  readonly timestamp: string;
  readonly record: CallRecord;
}

async function deliver(
  { type, timestamp, record }: CallEvent,
  { afterwardsFor, clock, logger }: WebhookStepOptions,
): Promise<void> {
  const afterwards = afterwardsFor(record.agent);
  if (afterwards === undefined) {
    logger.warn({ callId: record.callId, agent: record.agent }, 'agent not configured any more, nothing delivered');
    return;
  }
  const { webhook, redact } = afterwards;
  if (webhook === undefined) return;
  const { url, secret } = webhook;
  const data = redact === undefined ? record : redactRecord(record, redact);
  const body = JSON.stringify({ type, timestamp, data });
  const status = await post(url, body, signed(secret, messageId(type, record), body, clock), clock);
  if (status >= 200 && status < 300) return;
  if (status === GONE) throw new Failure('WEBHOOK_REFUSED', 'the receiver answered 410: it wants no more');
  throw new Failure('WEBHOOK_DELIVERY', `the receiver answered ${status}`);
}

/** The same for each attempt, so that the receiver can tell a repetition. A full stop separates the parts of what is signed. */
function messageId(type: CallEvent['type'], { callId }: CallRecord): string {
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
async function post(url: string, body: string, headers: Record<string, string>, clock: Clock): Promise<number> {
  const abort = new AbortController();
  const cancel = clock.after(DEADLINE_MS, () => abort.abort());
  try {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: abort.signal });
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
