/** Twilio asks what to do with a call: `POST /twilio/voice`. Whatever happens, the answer is TwiML that serves the caller. */
import type { Context, Middleware } from 'koa';
import { asFailure, type Clock, Failure, type FailureCode, withDeadline } from '../lib/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import { hangupTwiml } from '../telephony/index.ts';
import { askAgain } from './ask-again.ts';
import { callFrom, directionOf, isSip, ownNumber, VoiceForm } from './call-form.ts';
import type { Calls } from './calls.ts';
import { type FailureDeps, report } from './failures.ts';
import { type Goodbyes, goodbyesFor } from './goodbyes.ts';
import { type NextTwimlDeps, nextTwiml } from './next-twiml.ts';
import { type OutboundDoor, outboundToken } from './outbound-door.ts';
import { isOver, readForm } from './twilio-form.ts';

export const VOICE_PATH = '/twilio/voice';

/** Twilio waits 15 s (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides), and the caller with it. */
const RING_DEADLINE_MS = 5_000;

/** What a caller understands as a busy line. */
const BUSY: ReadonlySet<FailureCode> = new Set([
  'SERVICE_FULL',
  'SERVICE_OVERLOADED',
  'AGENT_FULL',
  'CALLER_LIMIT',
  'LIVE_FULL',
]);

/** Another replica may have the room that this process has not. */
const NO_ROOM_HERE: ReadonlySet<FailureCode> = new Set(['SERVICE_FULL', 'SERVICE_OVERLOADED']);
/** A caller hears it ring meanwhile; who is passed round for longer is better told that it is busy. */
const MAX_TRIES_FOR_ROOM = 3;

export interface VoiceWebhookDeps extends FailureDeps, NextTwimlDeps {
  readonly clock: Clock;
  readonly calls: Calls;
  readonly metrics: Pick<Metrics, 'failures' | 'callsRefused'>;
  readonly outbound: Pick<OutboundDoor, 'order' | 'withoutStream'>;
}

/** Twilio may ask twice about one call; each answer opens the same call, and each token works once. */
export function voiceWebhook(deps: VoiceWebhookDeps): Middleware {
  const { clock, account, calls, connect, logger, metrics, outbound } = deps;
  return async (ctx) => {
    const form = readForm(ctx, account, VoiceForm);
    const token = outboundToken(ctx);
    const withoutStream = (why: FailureCode | 'callerGone'): void => {
      if (token !== undefined) void outbound.withoutStream(form.CallSid, why);
    };
    ctx.type = 'text/xml';
    if (isOver(form.CallStatus)) {
      logger.info({ callId: form.CallSid, status: form.CallStatus }, 'asked about a call that is over');
      calls.callerGone(form.CallSid, form.CallStatus);
      withoutStream('callerGone');
      ctx.body = hangupTwiml();
      return;
    }
    const order = token === undefined ? undefined : await outbound.order(token);
    if (token !== undefined && order === undefined) {
      // Whoever was called is better left alone than greeted by somebody who does not know why.
      logger.error({ callId: form.CallSid }, 'nobody knows what this outbound call is for: hung up');
      calls.callerGone(form.CallSid, 'unknown order');
      ctx.body = hangupTwiml();
      return;
    }
    const goodbyes = goodbyesFor(directionOf(form), deps.goodbyes);
    const agent = order?.agent ?? calls.agentFor(ownNumber(form));
    if (agent === undefined) {
      report(
        deps,
        new Failure('AGENT_UNKNOWN', 'no agent answers the number that was called, and none is the default'),
      );
      ctx.body = goodbyes.unknown(undefined);
      return;
    }
    const call = callFrom(form, agent, order?.outbound);
    const late = (): Failure => new Failure('INTERNAL', `the call was not taken within ${RING_DEADLINE_MS} ms`);
    const abandoned = new AbortController();
    try {
      const next = await withDeadline(clock, RING_DEADLINE_MS, calls.ring(call, abandoned.signal), late);
      withoutStream('callerGone');
      ctx.body =
        next.do === 'connect'
          ? connect(next.call, { notice: true })
          : nextTwiml(ctx, next, { callId: call.callId, agent, bySip: isSip(form) }, { ...deps, goodbyes });
    } catch (error) {
      abandoned.abort();
      const failure = asFailure(error, 'INTERNAL');
      report(deps, failure);
      metrics.callsRefused.inc({ code: failure.code });
      withoutStream(failure.code);
      ctx.body = await instead(ctx, agent, failure, goodbyes);
    }
  };

  async function instead(ctx: Context, agent: string, { code }: Failure, goodbyes: Goodbyes): Promise<string> {
    if (NO_ROOM_HERE.has(code) && (await calls.hasNeighbours())) {
      return askAgain(ctx, account, MAX_TRIES_FOR_ROOM) ?? goodbyes.busy(agent);
    }
    if (BUSY.has(code)) return goodbyes.busy(agent);
    if (code === 'AGENT_UNKNOWN') return goodbyes.unknown(agent);
    if (code === 'SERVICE_DRAINING') return askAgain(ctx, account) ?? goodbyes.busy(agent);
    return goodbyes.whole(agent);
  }
}
