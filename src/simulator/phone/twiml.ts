/** TwiML as a list of verbs: those that a voice agent's service answers with; anything else is refused by name. */
import { TwilioFault } from './fault.ts';
import { type Element, readXml } from './xml.ts';

export type Verb =
  | {
      readonly verb: 'connect';
      /** Relative to the document's own address, like all addresses here. */
      readonly action: string | undefined;
      readonly streamUrl: string;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly verb: 'play'; readonly url: string }
  /** `<Play digits>`: the provider presses keys for the service. */
  | { readonly verb: 'press'; readonly keys: string }
  | { readonly verb: 'say'; readonly text: string }
  | { readonly verb: 'pause'; readonly lengthMs: number }
  | { readonly verb: 'redirect'; readonly url: string }
  | {
      readonly verb: 'dial';
      /** Each number or SIP address that is rung, separated by spaces. */
      readonly to: string;
      readonly action: string | undefined;
      readonly ringsMs: number;
      /** Of the first of them. */
      readonly statusCallback: string | undefined;
      readonly statusEvents: readonly string[];
    }
  | {
      /** `<Dial><Conference>`. */
      readonly verb: 'conference';
      readonly name: string;
      readonly action: string | undefined;
      readonly startsOnEnter: boolean;
      readonly endsOnExit: boolean;
      readonly maxParticipants: number;
      readonly waitUrl: string | undefined;
      readonly statusCallback: string | undefined;
      readonly statusEvents: readonly string[];
    }
  | {
      readonly verb: 'gather';
      readonly action: string | undefined;
      /** What is said or played meanwhile. */
      readonly verbs: readonly Verb[];
      readonly digits: number;
      /** How long nothing may be pressed, after what is said. */
      readonly timeoutMs: number;
    }
  | { readonly verb: 'refer'; readonly to: string; readonly action: string | undefined }
  | {
      readonly verb: 'record';
      /** The document's own address when there is none. */
      readonly action: string | undefined;
      readonly statusCallback: string | undefined;
      /** So much silence ends the recording. */
      readonly silenceMs: number;
      readonly maxLengthMs: number;
      readonly finishOnKeys: string;
      readonly beep: boolean;
    }
  | { readonly verb: 'reject'; readonly reason: string }
  | { readonly verb: 'hangup' };

/** Error 11750. */
const MAX_TWIML_BYTES = 64 * 1024;
/** https://www.twilio.com/docs/voice/twiml/stream: name and value together stay below this. */
const PARAMETER_CHARACTERS = 500;
/** https://www.twilio.com/docs/voice/twiml/pause: the default of `length`, in seconds. */
const DEFAULT_PAUSE_SECONDS = '1';
/** https://www.twilio.com/docs/voice/twiml/dial#timeout */
const DEFAULT_RING_SECONDS = '30';
/** https://www.twilio.com/docs/voice/twiml/gather#timeout */
const DEFAULT_GATHER_SECONDS = '5';
/** https://www.twilio.com/docs/voice/twiml/record#attributes */
const RECORD_DEFAULTS = { timeout: '5', maxLength: '3600', finishOnKey: '1234567890*#', playBeep: 'true' };

/** An empty document is as good as an empty <Response/>. Throws TwilioFault. */
export function readTwiml(document: string): readonly Verb[] {
  if (Buffer.byteLength(document) > MAX_TWIML_BYTES) throw new TwilioFault(11750, `${document.length} characters`);
  if (document.trim() === '') return [];
  const root = readXml(document);
  if (root.name !== 'Response') throw unfit(`<${root.name}> where <Response> is wanted`);
  return root.children.map(verb);
}

function verb(element: Element): Verb {
  const { name, attributes } = element;
  const text = element.text.trim();
  switch (name) {
    case 'Connect':
      return connect(element);
    case 'Play':
      if (attributes['digits'] !== undefined) return { verb: 'press', keys: keysOf(attributes['digits']) };
      if (text === '') throw unfit('<Play> without an address');
      return { verb: 'play', url: text };
    case 'Say':
      return { verb: 'say', text };
    case 'Pause':
      return {
        verb: 'pause',
        lengthMs: 1000 * wholeNumber('Pause length', attributes['length'] ?? DEFAULT_PAUSE_SECONDS),
      };
    case 'Redirect':
      onlyPost(element);
      return { verb: 'redirect', url: text };
    case 'Dial':
      return dial(element);
    case 'Gather':
      return gather(element);
    case 'Refer':
      return refer(element);
    case 'Record':
      return record(element);
    case 'Reject':
      return { verb: 'reject', reason: attributes['reason'] ?? 'rejected' };
    case 'Hangup':
      return { verb: 'hangup' };
    default:
      throw unfit(`<${name}> is not played by this phone`);
  }
}

/** https://www.twilio.com/docs/voice/twiml/play#attributes-digits */
function keysOf(digits: string): string {
  if (!/^[0-9A-D*#wW]{1,32}$/.test(digits)) throw unfit(`<Play digits="${digits}">`);
  return digits;
}

function connect(element: Element): Verb {
  const [stream, ...more] = element.children;
  if (stream?.name !== 'Stream' || more.length > 0) throw unfit('<Connect> without its one <Stream>');
  onlyPost(element);
  const track = stream.attributes['track'] ?? 'inbound_track';
  if (track !== 'inbound_track') throw new TwilioFault(31941, track);
  const parameters = new Map<string, string>();
  for (const child of stream.children) {
    if (child.name !== 'Parameter') throw unfit(`<${child.name}> inside <Stream>`);
    const { name = '', value = '' } = child.attributes;
    if (name === '') throw unfit('<Parameter> without a name');
    if (name.length + value.length >= PARAMETER_CHARACTERS) throw unfit(`<Parameter name="${name}"> is too long`);
    parameters.set(name, value);
  }
  return {
    verb: 'connect',
    action: element.attributes['action'],
    streamUrl: stream.attributes['url'] ?? '',
    parameters: Object.fromEntries(parameters),
  };
}

function dial(element: Element): Verb {
  onlyPost(element);
  const [only, ...more] = element.children;
  if (only?.name === 'Conference' && more.length === 0) return conference(only, element.attributes['action']);
  const strange = element.children.find(({ name }) => name !== 'Number' && name !== 'Sip');
  if (strange !== undefined) throw unfit(`<${strange.name}> inside <Dial> is not played by this phone`);
  const { action, timeout = DEFAULT_RING_SECONDS } = element.attributes;
  return {
    verb: 'dial',
    ...told(only),
    to: [element.text, ...element.children.map(({ text }) => text)].join(' ').trim().replace(/\s+/g, ' '),
    action,
    ringsMs: 1000 * wholeNumber('Dial timeout', timeout),
  };
}

/** What a noun of `<Dial>` wants to be told, and where. */
function told(noun: Element | undefined): { statusCallback: string | undefined; statusEvents: readonly string[] } {
  const { statusCallback, statusCallbackEvent = '', statusCallbackMethod: method = 'POST' } = noun?.attributes ?? {};
  if (method.toUpperCase() !== 'POST') throw unfit(`<${noun?.name}> by ${method} is not played by this phone`);
  return { statusCallback, statusEvents: statusCallbackEvent.split(' ').filter((event) => event !== '') };
}

/** https://www.twilio.com/docs/voice/twiml/conference */
function conference(noun: Element, action: string | undefined): Verb {
  const { name: element, attributes, text } = noun;
  const name = text.trim();
  if (name === '') throw unfit(`<${element}> without a name`);
  const method = attributes['waitMethod'] ?? 'POST';
  if (method.toUpperCase() !== 'POST') throw unfit(`<Conference> by ${method} is not played by this phone`);
  return {
    verb: 'conference',
    name,
    action,
    startsOnEnter: attributes['startConferenceOnEnter'] !== 'false',
    endsOnExit: attributes['endConferenceOnExit'] === 'true',
    maxParticipants: wholeNumber('Conference maxParticipants', attributes['maxParticipants'] ?? '250'),
    waitUrl: attributes['waitUrl'],
    ...told(noun),
  };
}

/** https://www.twilio.com/docs/voice/twiml/gather; keys alone, and no more than so many. */
function gather(element: Element): Verb {
  onlyPost(element);
  const { input = 'dtmf', numDigits = '', timeout = DEFAULT_GATHER_SECONDS, action } = element.attributes;
  if (input !== 'dtmf') throw unfit(`<Gather input="${input}"> is not played by this phone`);
  return {
    verb: 'gather',
    action,
    verbs: element.children.map(verb),
    digits: wholeNumber('Gather numDigits', numDigits),
    timeoutMs: 1000 * wholeNumber('Gather timeout', timeout),
  };
}

/** https://www.twilio.com/docs/voice/twiml/refer */
function refer(element: Element): Verb {
  onlyPost(element);
  const [sip, ...more] = element.children;
  if (sip?.name !== 'Sip' || more.length > 0) throw unfit('<Refer> without its one <Sip>');
  return { verb: 'refer', to: sip.text.trim(), action: element.attributes['action'] };
}

function record(element: Element): Verb {
  onlyPost(element);
  const attributes = { ...RECORD_DEFAULTS, ...element.attributes };
  return {
    verb: 'record',
    action: element.attributes['action'],
    statusCallback: element.attributes['recordingStatusCallback'],
    silenceMs: 1000 * wholeNumber('Record timeout', attributes.timeout),
    maxLengthMs: 1000 * wholeNumber('Record maxLength', attributes.maxLength),
    finishOnKeys: attributes.finishOnKey,
    beep: attributes.playBeep !== 'false',
  };
}

/** Twilio's default; the service's routes take nothing else. */
function onlyPost(element: Element): void {
  const method = element.attributes['method'] ?? 'POST';
  if (method.toUpperCase() !== 'POST') throw unfit(`<${element.name} method="${method}"> is not played by this phone`);
}

function wholeNumber(what: string, text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw unfit(`${what} is "${text}", not a whole number`);
  return Number(text);
}

const unfit = (why: string): TwilioFault => new TwilioFault(12200, why);
