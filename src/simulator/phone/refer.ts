/** <Refer>: the caller's own telephone is to call somebody else, and says how that goes, or that it does not do such things. */
import { TwilioFault } from './fault.ts';
import { type Journey, pause, type Step } from './journey.ts';
import type { Verb } from './twiml.ts';
import { isBySip } from './wire.ts';

/** RFC 3261 §21: what the other phone answers, in the words of a call's status. */
const STATUSES: Readonly<Record<number, string>> = {
  408: 'no-answer',
  480: 'no-answer',
  486: 'busy',
  487: 'canceled',
  600: 'busy',
};

export async function refer(
  { to, action }: Extract<Verb, { verb: 'refer' }>,
  absolute: (address: string) => string,
  journey: Journey,
): Promise<Step> {
  const { handset, habits, facts } = journey;
  if (!isBySip(facts)) throw new TwilioFault(13801, to);
  const { code, notifies, ringsMs } = habits.referred;
  const isTaken = code < 300;
  if (isTaken && !(await pause(journey, ringsMs))) return 'next';
  handset.tell({ type: 'referred', to, code });
  if (action === undefined) return 'next';
  const result: Record<string, string> = { ReferSipResponseCode: String(code) };
  if (!isTaken) result['ReferCallStatus'] = 'failed';
  else if (notifies !== undefined) {
    result['ReferCallStatus'] = statusOf(notifies);
    result['NotifySipResponseCode'] = String(notifies);
  }
  return { ask: absolute(action), extra: result };
}

function statusOf(code: number): string {
  if (code < 200) return 'ringing';
  return code < 300 ? 'in-progress' : (STATUSES[code] ?? 'failed');
}
