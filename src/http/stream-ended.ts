/** The stream is over and Twilio asks what comes next: `POST /twilio/stream-ended`, by `<Connect action>` or the next verb. */
import type { Middleware } from 'koa';
import type { Next } from '../call/index.ts';
import { asFailure, type Clock, Failure, withDeadline } from '../lib/index.ts';
import { hangupTwiml } from '../telephony/index.ts';
import { AnyCallForm, callFrom } from './call-form.ts';
import type { Calls } from './calls.ts';
import { type FailureDeps, report } from './failures.ts';
import { type NextTwimlDeps, nextTwiml } from './next-twiml.ts';
import { isOver, readForm } from './twilio-form.ts';

/** The caller hears nothing while what they get is looked up. */
const NEXT_DEADLINE_MS = 5_000;

export interface StreamEndedDeps extends FailureDeps, NextTwimlDeps {
  readonly clock: Clock;
  readonly calls: Calls;
}

export function streamEnded(deps: StreamEndedDeps): Middleware {
  const { clock, account, calls } = deps;
  return async (ctx) => {
    const form = readForm(ctx, account, AnyCallForm);
    ctx.type = 'text/xml';
    if (isOver(form.CallStatus)) {
      calls.callerGone(form.CallSid, form.CallStatus);
      ctx.body = hangupTwiml();
      return;
    }
    const agent = calls.agentFor(form.To);
    const late = (): Failure => new Failure('INTERNAL', `nothing was decided within ${NEXT_DEADLINE_MS} ms`);
    let next: Next;
    try {
      // A number that nobody answers here may still be that of a running call; no agent has an empty name.
      next = await withDeadline(clock, NEXT_DEADLINE_MS, calls.afterStream(callFrom(form, agent ?? '')), late);
    } catch (error) {
      report(deps, asFailure(error, 'INTERNAL'));
      next = { do: 'fallback', agent };
    }
    ctx.body = nextTwiml(ctx, next, agent, deps);
  };
}
