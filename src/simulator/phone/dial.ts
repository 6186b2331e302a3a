/** <Dial>: the caller is put through to somebody else, who answers or not as the provider's habits say. */
import { type Journey, left, pause, type Step } from './journey.ts';
import { sid } from './sid.ts';
import type { Verb } from './twiml.ts';
import { statusForm } from './wire.ts';

type DialVerb = Extract<Verb, { verb: 'dial' }>;

export async function dial(verb: DialVerb, absolute: (address: string) => string, journey: Journey): Promise<Step> {
  const { handset, habits, ids } = journey;
  const { status, ringsMs, talksMs, whenGone } = habits.dialled;
  const calleeSid = sid('CA', ids);
  let answeredMs: number | undefined;
  const resultOf = (how: string): Record<string, string> => ({
    DialCallStatus: how,
    DialCallSid: calleeSid,
    DialBridged: String(how === 'completed'),
    ...(answeredMs !== undefined && {
      DialCallDuration: String(Math.ceil((handset.elapsedMs() - answeredMs) / 1000)),
    }),
  });
  /** The call was left, or is over, which the action may be asked about in vain. */
  const gone = async (how: string): Promise<Step> => {
    if (handset.end && verb.action !== undefined && whenGone !== 'unasked') {
      await journey.tell(absolute(verb.action), resultOf(how));
    }
    return 'next';
  };
  // Whoever does not answer is given up when the service's patience ends.
  if (!(await pause(journey, Math.min(ringsMs, verb.ringsMs)))) return gone(whenGone);
  handset.tell({ type: 'dialled', to: verb.to, status });
  if (status === 'completed') {
    answeredMs = handset.elapsedMs();
    await tellAnswered(verb, calleeSid, absolute, journey);
    if (talksMs === undefined) return { end: { how: 'transferred', to: verb.to } };
    await pause(journey, talksMs);
    if (left(journey)) return gone(status);
  }
  return verb.action === undefined ? 'next' : { ask: absolute(verb.action), extra: resultOf(status) };
}

/** https://www.twilio.com/docs/voice/twiml/number#statuscallback: of the other side's call, with the caller's as its parent. */
async function tellAnswered(
  { to, statusCallback, statusEvents }: DialVerb,
  callSid: string,
  absolute: (address: string) => string,
  { facts, clock, post }: Journey,
): Promise<void> {
  if (statusCallback === undefined || !statusEvents.includes('answered')) return;
  const callee = { ...facts, callSid, to };
  const form = statusForm(callee, 'in-progress', { sequence: 0, timeMs: clock.nowMs(), durationMs: undefined });
  await post(absolute(statusCallback), { ...form, ParentCallSid: facts.callSid, Direction: 'outbound-dial' });
}
