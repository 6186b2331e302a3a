/** Twilio tells who has answered an outbound call, a person or a machine: `POST /twilio/machine`. */
import type { Middleware } from 'koa';
import { z } from 'zod';
import type { TwilioAccount } from '../telephony/index.ts';
import { type OutboundDoor, outboundToken } from './outbound-door.ts';
import { CallForm, Field, readForm } from './twilio-form.ts';

export const MACHINE_PATH = '/twilio/machine';

/** https://www.twilio.com/docs/voice/answering-machine-detection#answeredby */
const MachineForm = z.object({ ...CallForm.shape, AnsweredBy: Field.default('') });

export interface MachineDeps {
  readonly account: TwilioAccount;
  readonly outbound: Pick<OutboundDoor, 'answeredBy'>;
}

export function machineTold({ account, outbound }: MachineDeps): Middleware {
  return async (ctx) => {
    const { CallSid: callId, AnsweredBy: who } = readForm(ctx, account, MachineForm);
    const token = outboundToken(ctx);
    if (token !== undefined) await outbound.answeredBy(token, callId, who);
    ctx.status = 204;
  };
}
