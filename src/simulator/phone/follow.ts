/** Follows TwiML as Twilio does, verb by verb and document by document, until the call ends. */
import { playSound, pressKeys, saySentence } from './announce.ts';
import { conference } from './conference.ts';
import { connect } from './connect.ts';
import { dial } from './dial.ts';
import type { CallEnd } from './events.ts';
import { TwilioFault } from './fault.ts';
import { gather } from './gather.ts';
import { type Journey, left, pause, type Step, type TwimlDocument } from './journey.ts';
import { record } from './record.ts';
import { refer } from './refer.ts';
import type { Destination } from './switchboard.ts';
import { readTwiml, type Verb } from './twiml.ts';

/** Twilio follows ten redirects (11215); a service that mends its stream more often than this would never end. */
const MAX_DOCUMENTS = 50;

/** How the call ends by its TwiML, or has ended meanwhile. Throws TwilioFault. */
export async function followTwiml(first: TwimlDocument, journey: Journey): Promise<CallEnd> {
  const { handset, steering } = journey;
  let document = first;
  for (let count = 1; count <= MAX_DOCUMENTS; count++) {
    const step = await perform(document, journey);
    if (handset.end) return handset.end;
    const destination = steering.take();
    if (destination !== undefined) document = await arrive(destination, document, journey);
    else if (step === 'next') return { how: 'serviceHungUp' };
    else if ('end' in step) return step.end;
    else document = await journey.ask(step.ask, step.extra);
    if (handset.end) return handset.end;
  }
  throw new TwilioFault(11215, `${MAX_DOCUMENTS} documents in one call`);
}

function arrive(
  destination: Destination,
  from: TwimlDocument,
  journey: Journey,
): Promise<TwimlDocument> | TwimlDocument {
  if ('url' in destination) return journey.ask(destination.url, {}, destination.fallbackUrl);
  return { url: from.url, verbs: readTwiml(destination.twiml) };
}

/** What follows the document; meaningless where the call was left or led elsewhere. */
async function perform(document: TwimlDocument, journey: Journey): Promise<Step> {
  for (const verb of document.verbs) {
    if (left(journey)) break;
    const step = await performVerb(verb, document.url, journey);
    if (step !== 'next') return step;
  }
  return 'next';
}

async function performVerb(verb: Verb, base: string, journey: Journey): Promise<Step> {
  const absolute = (address: string): string => {
    if (!URL.canParse(address, base)) throw new TwilioFault(11100, address);
    return new URL(address, base).href;
  };
  switch (verb.verb) {
    case 'connect':
      return connect(verb, base, absolute, journey);
    case 'play':
      await playSound(absolute(verb.url), journey);
      return 'next';
    case 'press':
      await pressKeys(verb.keys, journey);
      return 'next';
    case 'say':
      await saySentence(verb.text, journey);
      return 'next';
    case 'pause':
      await pause(journey, verb.lengthMs);
      return 'next';
    case 'redirect':
      return { ask: absolute(verb.url) };
    case 'dial':
      return dial(verb, absolute, journey);
    case 'conference':
      return conference(verb, absolute, journey);
    case 'gather':
      return gather(verb, base, absolute, journey);
    case 'refer':
      return refer(verb, absolute, journey);
    case 'record':
      return record(verb, base, absolute, journey);
    case 'reject':
      return { end: { how: 'rejected', reason: verb.reason } };
    case 'hangup':
      return { end: { how: 'serviceHungUp' } };
  }
}
