/** <Dial>: the caller is put through to somebody else, who answers or not as the provider's habits say. */
import { type Journey, left, pause, type Step } from './journey.ts';
import { sid } from './sid.ts';
import type { Verb } from './twiml.ts';

export async function dial(
  verb: Extract<Verb, { verb: 'dial' }>,
  absolute: (address: string) => string,
  journey: Journey,
): Promise<Step> {
  const { handset, habits, ids } = journey;
  const { status, ringsMs, talksMs } = habits.dialled;
  // Whoever does not answer is given up when the service's patience ends.
  if (!(await pause(journey, Math.min(ringsMs, verb.ringsMs)))) return 'next';
  handset.tell({ type: 'dialled', to: verb.to, status });
  if (status === 'completed') {
    if (talksMs === undefined) return { end: { how: 'transferred', to: verb.to } };
    await pause(journey, talksMs);
    if (left(journey)) return 'next';
  }
  if (verb.action === undefined) return 'next';
  const extra = { DialCallStatus: status, DialCallSid: sid('CA', ids), DialBridged: String(status === 'completed') };
  if (status !== 'completed') return { ask: absolute(verb.action), extra };
  return {
    ask: absolute(verb.action),
    extra: { ...extra, DialCallDuration: String(Math.ceil((talksMs ?? 0) / 1000)) },
  };
}
