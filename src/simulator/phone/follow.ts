/** Follows TwiML as Twilio does, verb by verb and document by document, until the call ends. */
import { g711 } from '../../audio/index.ts';
import type { Clock, Ids } from '../../lib/index.ts';
import type { CallEnd } from './events.ts';
import { TwilioFault } from './fault.ts';
import type { Handset } from './handset.ts';
import { type Line, startLine } from './line.ts';
import type { PhoneNetwork } from './network.ts';
import { phoneSamples } from './sound.ts';
import type { Verb } from './twiml.ts';
import { type SignedHttp, signature } from './webhook.ts';

/** Twilio follows ten redirects (11215); a service that mends its stream more often than this would never end. */
const MAX_DOCUMENTS = 50;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface TwimlDocument {
  /** Where it came from: its addresses are relative to this. */
  readonly url: string;
  readonly verbs: readonly Verb[];
}

export interface Journey {
  readonly handset: Handset;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly network: PhoneNetwork;
  readonly http: SignedHttp;
  readonly authToken: string;
  readonly accountSid: string;
  readonly callSid: string;
  /** Asks the service what comes next. Throws TwilioFault. */
  ask(url: string): Promise<TwimlDocument>;
  lineStarted(line: Line): void;
}

/** How the call ends by its TwiML, or has ended meanwhile. Throws TwilioFault. */
export async function followTwiml(first: TwimlDocument, journey: Journey): Promise<CallEnd> {
  let document = first;
  for (let count = 1; count <= MAX_DOCUMENTS; count++) {
    const next = await perform(document, journey);
    if (typeof next !== 'string') return next;
    document = await journey.ask(next);
  }
  throw new TwilioFault(11215, `${MAX_DOCUMENTS} documents in one call`);
}

/** The address of the next document, or how the call ended. */
async function perform({ url, verbs }: TwimlDocument, journey: Journey): Promise<string | CallEnd> {
  const { handset } = journey;
  const absolute = (address: string): string => {
    if (!URL.canParse(address, url)) throw new TwilioFault(11100, address);
    return new URL(address, url).href;
  };
  for (const verb of verbs) {
    if (handset.end) return handset.end;
    switch (verb.verb) {
      case 'connect': {
        await connect(streamUrl(verb.streamUrl, url), verb.parameters, journey);
        if (handset.end) return handset.end;
        if (verb.action !== undefined) return absolute(verb.action);
        break;
      }
      case 'play':
        await play(absolute(verb.url), journey);
        break;
      case 'say':
        handset.tell({ type: 'spoken', text: verb.text });
        break;
      case 'pause': {
        const untilMs = handset.elapsedMs() + verb.lengthMs;
        await handset.until(() => handset.elapsedMs() >= untilMs);
        break;
      }
      case 'redirect':
        return absolute(verb.url);
      case 'dial':
        return { how: 'transferred', to: verb.to };
      case 'reject':
        return { how: 'rejected', reason: verb.reason };
      case 'hangup':
        return { how: 'serviceHungUp' };
    }
  }
  return handset.end ?? { how: 'serviceHungUp' };
}

async function connect(url: string, parameters: Readonly<Record<string, string>>, journey: Journey): Promise<void> {
  const { handset, clock, ids, accountSid, callSid } = journey;
  const headers = { 'x-twilio-signature': signature(journey.authToken, url, {}), 'user-agent': 'Twilio.TmeWs/1.0' };
  const line = await journey.network.connect(url, headers, (webSocket) =>
    handset.end
      ? webSocket.terminate()
      : startLine({ webSocket, handset, clock, ids, accountSid, callSid, parameters }),
  );
  if (!line) return;
  journey.lineStarted(line);
  await line.whenEnded;
}

async function play(url: string, { http, handset, clock }: Journey): Promise<void> {
  const { status, body } = await http.get(url);
  handset.tell({ type: 'requested', url, status });
  if (status !== 200) throw new TwilioFault(11200, `${url} answered ${status}`);
  if (handset.end) return;
  handset.playback.play(ulawOf(body, url));
  const endsAtMs = handset.playback.endsAtMs();
  handset.tell({ type: 'played', url, lengthMs: endsAtMs - clock.nowMs() });
  await handset.until(() => clock.nowMs() >= endsAtMs);
}

function ulawOf(wav: Uint8Array, url: string): Uint8Array {
  try {
    return g711('ulaw').encode(phoneSamples(wav, url));
  } catch (error) {
    throw new TwilioFault(12300, String(error), { cause: error });
  }
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
