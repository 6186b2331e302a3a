/** <Connect><Stream>: the call is joined to the service, and what the provider does when that ends or breaks. */

import { startDouble } from './double.ts';
import { TwilioFault } from './fault.ts';
import { type Journey, left, pause, type Step } from './journey.ts';
import { type LineEnd, startLine } from './line.ts';
import type { Verb } from './twiml.ts';
import { signature } from './webhook.ts';

type ConnectVerb = Extract<Verb, { verb: 'connect' }>;

/** A stream that breaks again and again is left to the service's TwiML in the end. */
const MAX_REDIALS = 5;
/** Between two tries to open a stream that was refused, when the habits name no pause of their own. */
const REDIAL_AFTER_MS = 500;
/** https://www.twilio.com/docs/api/errors/31903 */
const BROKEN_PIPE = 31903;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export async function connect(
  verb: ConnectVerb,
  base: string,
  absolute: (address: string) => string,
  journey: Journey,
): Promise<Step> {
  const { habits, handset } = journey;
  const action: Step = verb.action === undefined ? 'next' : { ask: absolute(verb.action) };
  const url = streamUrl(verb.streamUrl, base);
  for (let redials = 0; ; redials++) {
    const broke = await carry(url, verb.parameters, journey, redials > 0);
    if (left(journey)) {
      if (!handset.end && habits.actionWhenLed && action !== 'next') await journey.tell(action.ask, {});
      return 'next';
    }
    if (!broke) return action;
    const { leadsTo, afterMs, silenceLimitMs } = habits.brokenStream;
    if (!(await pause(journey, afterMs))) return 'next';
    switch (leadsTo) {
      case 'action':
        return action;
      case 'nextVerb':
        return 'next';
      case 'secondStream':
        if (redials >= MAX_REDIALS) return action;
        break;
      case 'nothing':
        if (!(await pause(journey, silenceLimitMs))) return 'next';
        return { end: { how: 'failed', code: BROKEN_PIPE, why: 'the stream broke, and nobody came for the caller' } };
    }
  }
}

/** Whether the stream broke, as opposed to being closed by the service, or by us. */
async function carry(
  url: string,
  parameters: Readonly<Record<string, string>>,
  journey: Journey,
  again: boolean,
): Promise<boolean> {
  try {
    const end = await stream(url, parameters, journey);
    return end?.how === 'closedByService' && end.code === BROKEN_PIPE;
  } catch (error) {
    const tolerated = again || journey.habits.refusedStream === 'broken';
    if (!(error instanceof TwilioFault) || !tolerated) throw error;
    journey.handset.tell({ type: 'streamRefused', code: error.code, why: error.message });
    await pause(journey, journey.habits.brokenStream.afterMs === 0 ? REDIAL_AFTER_MS : 0);
    return true;
  }
}

/** Undefined when the call left while the stream was being opened. */
async function stream(
  url: string,
  parameters: Readonly<Record<string, string>>,
  journey: Journey,
): Promise<LineEnd | undefined> {
  const { handset, clock, ids, facts, network, faults, habits, steering } = journey;
  const { accountSid, callSid } = facts;
  const { signal } = steering;
  const headers = { 'x-twilio-signature': signature(journey.authToken, url, {}), 'user-agent': 'Twilio.TmeWs/1.0' };
  const common = { handset, clock, ids, accountSid, callSid, parameters };
  const doubles: (() => void)[] = [];
  const doubled = (): void => {
    const opening = network.connect(url, headers, (webSocket) => doubles.push(startDouble({ ...common, webSocket })));
    opening.catch((error: Error) => {
      handset.tell({ type: 'doubleEnded', streamSid: '', closeCode: 0, why: error.message });
    });
  };
  const line = await network.connect(url, headers, (webSocket) =>
    left(journey)
      ? webSocket.terminate()
      : startLine({ ...common, webSocket, faults, sendsStop: habits.stop, doubled }),
  );
  if (!line) return undefined;
  journey.lineStarted(line);
  if (signal.aborted) line.stop();
  signal.addEventListener('abort', line.stop, { once: true });
  const end = await line.whenEnded;
  signal.removeEventListener('abort', line.stop);
  for (const hangUp of doubles) hangUp();
  return end;
}

/** https://www.twilio.com/docs/voice/twiml/stream: wss only, and the query is cut off. Without TLS on this machine only. */
function streamUrl(address: string, base: string): string {
  if (!URL.canParse(address, base)) throw new TwilioFault(31922, address);
  const url = new URL(address, base);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  url.search = '';
  url.hash = '';
  if (url.protocol === 'wss:' || (url.protocol === 'ws:' && LOOPBACK.has(url.hostname))) return url.href;
  throw new TwilioFault(31922, url.href);
}
