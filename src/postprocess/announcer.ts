/**
 * `call.started`: tells an agent's receiver that a call was answered, while it goes on. Beside the queue, which begins when a call
 * ends: what is late here is worth nothing, so it is tried for a minute, by this process, and then lost, which is said.
 */
import { asFailure, type Clock, Failure, type Ids, withDeadline } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallFacts } from '../transcript/index.ts';
import type { AfterwardsFor } from './afterwards.ts';
import { redactFacts } from './redact/redact-record.ts';
import { type RetryPolicy, retryDelayMs } from './retry.ts';
import { sendEvent } from './send-event.ts';

export interface Announcer {
  /** Once for each call. Returns at once, and throws nothing: no call waits for its receiver. */
  answered(call: CallFacts, atMs: number): void;
  /** What is not delivered within `graceMs` is lost. */
  close(graceMs: number): Promise<void>;
}

export interface AnnouncerOptions {
  readonly afterwardsFor: AfterwardsFor;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'announcements'>;
}

/** After 1, 4, 13 and 28 s: a receiver that restarts is back by then. Each attempt has ten seconds of its own. */
const POLICY: Pick<RetryPolicy, 'backoff' | 'attempts'> = {
  backoff: { firstMs: 1_000, factor: 3, maxMs: 15_000, jitter: 0.2 },
  attempts: 5,
};
/** With a receiver that never answers, as many calls as come in at ten a second; each costs a socket and some kB. */
const MAX_UNDER_WAY = 1_000;

export function createAnnouncer({ afterwardsFor, clock, ids, logger, metrics }: AnnouncerOptions): Announcer {
  const underWay = new Set<Promise<void>>();
  const leaving = new AbortController();

  const lost = (callId: string, failure: Failure, failedAttempts: number): void => {
    metrics.announcements.inc({ result: 'lost' });
    logger.error({ callId, code: failure.code, err: failure, failedAttempts }, 'call.started lost');
  };
  const announce = async (call: CallFacts, atMs: number): Promise<void> => {
    const { callId } = call;
    const { webhook, redact } = afterwardsFor(call.agent) ?? {};
    if (webhook === undefined || !webhook.events.includes('call.started')) return;
    if (underWay.size >= MAX_UNDER_WAY) {
      lost(callId, new Failure('WEBHOOK_DELIVERY', `${MAX_UNDER_WAY} others wait for their receivers`), 0);
      return;
    }
    const timestamp = new Date(atMs).toISOString();
    const known = redact === undefined ? call : redactFacts(call, redact);
    const event = {
      type: 'call.started',
      callId,
      timestamp,
      data: { version: 1, ...known, answeredAt: timestamp },
    } as const;
    for (let failedAttempts = 0; ; ) {
      try {
        await sendEvent(event, webhook, clock, leaving.signal);
        metrics.announcements.inc({ result: 'delivered' });
        return;
      } catch (error) {
        failedAttempts++;
        const failure = asFailure(error, 'STEP_FAILED');
        const delayMs = retryDelayMs(POLICY, failure, failedAttempts, ids.fraction());
        if (delayMs === undefined) return lost(callId, failure, failedAttempts);
        if (!leaving.signal.aborted) {
          logger.warn({ callId, code: failure.code, failedAttempts, delayMs }, 'call.started to be sent again');
          await delay(clock, delayMs, leaving.signal);
        }
        if (leaving.signal.aborted) return lost(callId, new Failure('SHUTDOWN', 'the process stops'), failedAttempts);
      }
    }
  };

  return {
    answered(call, atMs) {
      const work = announce(call, atMs)
        .catch((error: unknown) => lost(call.callId, asFailure(error, 'INTERNAL'), 0))
        .finally(() => underWay.delete(work));
      underWay.add(work);
    },
    async close(graceMs) {
      const all = Promise.all(underWay);
      const late = (): Failure => new Failure('SHUTDOWN', 'receivers do not answer');
      await withDeadline(clock, graceMs, all, late).catch(() => leaving.abort());
      await all;
    },
  };
}

/** Resolves after `delayMs`, or when nobody wants to wait any more. */
function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    const stop = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
