/**
 * Twilio asks what comes next: `POST /twilio/stream-ended`, by `<Connect action>` or the next verb, and `POST
 * /twilio/put-through-ended`, by `<Dial action>` or `<Refer action>` when the agent has put its caller through. In between it tells
 * that whoever was dialled has answered: `POST /twilio/put-through-answered`.
 */
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import type { Next, RingingCall } from '../call/index.ts';
import { asFailure, type Clock, Failure, withDeadline } from '../lib/index.ts';
import { hangupTwiml } from '../telephony/index.ts';
import { AnyCallForm, callFrom, directionOf, isSip, ownNumber } from './call-form.ts';
import type { Calls } from './calls.ts';
import { type FailureDeps, report } from './failures.ts';
import { goodbyesFor } from './goodbyes.ts';
import { type NextTwimlDeps, nextTwiml } from './next-twiml.ts';
import type { OutboundDoor } from './outbound-door.ts';
import { CallForm, Field, isOver, readForm } from './twilio-form.ts';
import { CONFERENCE_OVER, callIn, ticketIn, type WarmDoor } from './warm.ts';

/** The caller hears nothing while what they get is looked up. */
const NEXT_DEADLINE_MS = 5_000;

export interface StreamEndedDeps extends FailureDeps, NextTwimlDeps {
  readonly clock: Clock;
  readonly calls: Calls;
  readonly outbound: Pick<OutboundDoor, 'find' | 'withoutStream'>;
  readonly warm: Pick<WarmDoor, 'leftConference'>;
}

/**
 * How the other side took the call: https://www.twilio.com/docs/voice/twiml/dial#action, and for a REFER
 * https://www.twilio.com/docs/voice/twiml/refer#action.
 */
const PutThroughForm = z.looseObject({
  ...AnyCallForm.shape,
  DialCallStatus: Field.default(''),
  ReferCallStatus: Field.optional(),
  ReferSipResponseCode: Field.optional(),
});

export function streamEnded(deps: StreamEndedDeps): Middleware {
  return asked(deps, AnyCallForm, (call) => deps.calls.afterStream(call));
}

export function putThroughEnded(deps: StreamEndedDeps): Middleware {
  const { calls, warm } = deps;
  return asked(
    deps,
    PutThroughForm,
    async (call, form, ctx) => {
      const { warm: status } = ctx.query;
      if (typeof status !== 'string') return calls.afterTransfer(call, statusOf(form));
      if (status !== CONFERENCE_OVER) return calls.afterTransfer(call, status);
      return (await warm.leftConference(ticketIn(ctx))) ? { do: 'hangUp' } : calls.afterTransfer(call, 'declined');
    },
    (form, ctx) => {
      // What Twilio says of a conference tells nothing of whether there was somebody in it.
      const status = ctx.query['warm'] === undefined ? statusOf(form) : '';
      return status === '' ? undefined : status;
    },
  );
}

/** https://www.twilio.com/docs/voice/twiml/number#statuscallbackevent, of the other side's call: it is told of this alone. */
export function putThroughAnswered({ account, calls }: Pick<StreamEndedDeps, 'account' | 'calls'>): Middleware {
  return async (ctx) => {
    readForm(ctx, account, CallForm);
    await calls.putThrough(callIn(ctx));
    ctx.status = 204;
  };
}

/** In the words of a `<Dial>`. The new call of a REFER goes on where it went well; of one that was taken on, nothing more may be told. */
function statusOf({ DialCallStatus, ReferCallStatus, ReferSipResponseCode }: z.output<typeof PutThroughForm>): string {
  if (ReferCallStatus === undefined && ReferSipResponseCode === undefined) return DialCallStatus;
  const status = ReferCallStatus ?? (/^2\d\d$/.test(ReferSipResponseCode ?? '') ? 'in-progress' : 'failed');
  return status === 'in-progress' ? 'completed' : status;
}

function asked<Form extends z.output<typeof AnyCallForm>>(
  deps: StreamEndedDeps,
  schema: z.ZodType<Form>,
  nextOf: (call: RingingCall, form: Form, ctx: Context) => Promise<Next>,
  transferStatusOf: (form: Form, ctx: Context) => string | undefined = () => undefined,
): Middleware {
  const { clock, account, calls, outbound } = deps;
  return async (ctx) => {
    const form = readForm(ctx, account, schema);
    ctx.type = 'text/xml';
    if (isOver(form.CallStatus)) {
      await calls.callerGone(form.CallSid, form.CallStatus, transferStatusOf(form, ctx));
      ctx.body = hangupTwiml();
      return;
    }
    const direction = directionOf(form);
    // Whoever placed the call has chosen its agent, whatever number it comes from.
    const placed = direction === 'outbound' ? await outbound.find(form.CallSid) : undefined;
    // Of one whose stream has come, that is of no account.
    if (placed !== undefined) void outbound.withoutStream(form.CallSid, 'STREAM_NEVER_CAME');
    const agent = placed?.agent ?? calls.agentFor(ownNumber(form));
    const late = (): Failure => new Failure('INTERNAL', `nothing was decided within ${NEXT_DEADLINE_MS} ms`);
    let next: Next;
    try {
      // A number that nobody answers here may still be that of a running call; no agent has an empty name.
      next = await withDeadline(clock, NEXT_DEADLINE_MS, nextOf(callFrom(form, agent ?? ''), form, ctx), late);
    } catch (error) {
      report(deps, asFailure(error, 'INTERNAL'));
      next = { do: 'fallback', agent };
    }
    const goodbyes = goodbyesFor(direction, deps.goodbyes);
    ctx.body = nextTwiml(ctx, next, { callId: form.CallSid, agent, bySip: isSip(form) }, { ...deps, goodbyes });
  };
}
