/** Delivers what there is to tell of a call that is over to the agent's receiver. */
import type { Clock } from '../../lib/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { ANALYSES, type CallRecord } from '../../transcript/index.ts';
import type { AfterwardsFor } from '../afterwards.ts';
import type { Analysed } from '../analysis/analysed.ts';
import { withFound } from '../redact/found.ts';
import { redactRecord } from '../redact/redact-record.ts';
import { sendEvent } from '../send-event.ts';
import type { Progress, Step } from './step.ts';

export interface WebhookStepOptions {
  readonly afterwardsFor: AfterwardsFor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `call.ended`: the record, as soon as the call is over. */
export function deliverWebhook(options: WebhookStepOptions): Step {
  return {
    name: 'deliver-webhook',
    async run(record, { results }) {
      await deliver({ type: 'call.ended', timestamp: record.endedAt, record, results }, options);
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
      const timestamp = [record.endedAt, ...moments].sort().at(-1)!;
      await deliver({ type: 'call.analyzed', timestamp, record, results }, options);
    },
  };
}

interface RecordEvent {
  readonly type: 'call.ended' | 'call.analyzed';
  readonly timestamp: string;
  readonly record: CallRecord;
  readonly results: Progress['results'];
}

async function deliver(
  { type, timestamp, record, results }: RecordEvent,
  { afterwardsFor, clock, logger }: WebhookStepOptions,
): Promise<void> {
  const { callId, agent } = record;
  const afterwards = afterwardsFor(agent);
  if (afterwards === undefined) {
    logger.warn({ callId, agent }, 'agent not configured any more, nothing delivered');
    return;
  }
  const { webhook, redact } = afterwards;
  if (webhook === undefined || !webhook.events.includes(type)) return;
  const data = redact === undefined ? record : redactRecord(record, withFound(redact, results));
  await sendEvent({ type, callId, timestamp, data }, webhook, clock);
}
