/** Twilio Media Streams as a telephony protocol; SignalWire and Cloudonix speak the same one with fields left out. */
import type { z } from 'zod';
import { describeIssues, Failure, unreachable } from '../../lib/index.ts';
import type { MediaFormat, StreamEvent, TelephonyProtocol } from '../protocol.ts';
import { type TwilioAccount, verifyUpgrade } from './signature.ts';
import { type TwilioOutbound, twilioInbound } from './wire.ts';

type InboundEvent = keyof typeof twilioInbound;

/** Where Twilio's media stream comes in. */
const TWILIO_MEDIA_PATH = '/twilio/media';

/** A stream of a call that one of several processes has: Twilio passes on, and signs, the path, but no query. */
export const twilioMediaPath = (number: number | undefined): string =>
  number === undefined ? TWILIO_MEDIA_PATH : `${TWILIO_MEDIA_PATH}/${number}`;

/** Twilio documents no limit to what it buffers, and `clear` empties all of it. Five seconds outlast any stall of ours. */
const LEAD_MS = 5_000;
/** As large as the model's chunks, so that marks can stand every 200 ms. */
const MAX_MESSAGE_MS = 200;

/** What encodings are called by Twilio, by the providers that speak its protocol, and by RTP. */
const ENCODINGS = new Map<string, MediaFormat['encoding']>([
  ['audio/x-mulaw', 'ulaw'],
  ['audio/pcmu', 'ulaw'],
  ['pcmu', 'ulaw'],
  ['audio/x-alaw', 'alaw'],
  ['audio/pcma', 'alaw'],
  ['pcma', 'alaw'],
]);

export function twilio(account: TwilioAccount): TelephonyProtocol {
  return {
    name: 'twilio',
    path: TWILIO_MEDIA_PATH,
    playout: { leadMs: LEAD_MS, maxMessageMs: MAX_MESSAGE_MS },
    authenticate: (request, number) =>
      verifyUpgrade(account, twilioMediaPath(number), request.headers['x-twilio-signature']),
    decode,
    encode: (command, streamId) => {
      switch (command.type) {
        case 'audio':
          return write({ event: 'media', streamSid: streamId, media: { payload: base64(command.payload) } });
        case 'mark':
          return write({ event: 'mark', streamSid: streamId, mark: { name: command.name } });
        case 'clear':
          return write({ event: 'clear', streamSid: streamId });
        default:
          return unreachable(command);
      }
    },
  };
}

/**
 * A frame of the caller as Twilio writes it, fifty times a second and call: read in one go. Anything else, such as other keys
 * or another order, is read as the JSON that it is.
 */
const FRAME =
  /^\{"event":"media","sequenceNumber":"(\d{1,9})","media":\{"track":"inbound","chunk":"(\d{1,9})","timestamp":"(\d{1,9})","payload":"([A-Za-z0-9+/]+=?=?)"\},"streamSid":"\w+"\}$/;

function decode(text: string): StreamEvent | undefined {
  const frame = FRAME.exec(text);
  if (frame !== null) {
    const [, sequence, chunk, timestampMs, payload] = frame as unknown as [string, string, string, string, string];
    return {
      type: 'audio',
      payload: Buffer.from(payload, 'base64'),
      timestampMs: Number(timestampMs),
      chunk: Number(chunk),
      sequence: Number(sequence),
    };
  }
  const message = parseJson(text);
  const event = eventOf(message);
  if (!isInbound(event)) return undefined;
  switch (event) {
    case 'connected':
      return { type: 'connected' };
    case 'start': {
      const { start } = check(twilioInbound.start, message);
      return {
        type: 'started',
        streamId: start.streamSid,
        callId: start.callSid,
        format: formatOf(start.mediaFormat),
        parameters: start.customParameters,
      };
    }
    case 'media': {
      const { media, sequenceNumber: sequence } = check(twilioInbound.media, message);
      // What we said ourselves is no caller's voice, and an empty payload is no sound.
      if (media.track === 'outbound') return undefined;
      const payload = Buffer.from(media.payload, 'base64');
      if (payload.length === 0) return undefined;
      return { type: 'audio', payload, timestampMs: media.timestamp, chunk: media.chunk, sequence };
    }
    case 'dtmf':
      return { type: 'digit', digit: check(twilioInbound.dtmf, message).dtmf.digit };
    case 'mark':
      return { type: 'markReached', name: check(twilioInbound.mark, message).mark.name };
    case 'stop':
      return { type: 'stopped' };
    default:
      return unreachable(event);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own error would quote the message, which may hold speech or digits.
    throw new Failure('PROVIDER_BAD_MESSAGE', `not JSON: ${text.length} characters`);
  }
}

function eventOf(message: unknown): string {
  if (typeof message === 'object' && message !== null && 'event' in message && typeof message.event === 'string') {
    return message.event;
  }
  throw new Failure('PROVIDER_BAD_MESSAGE', 'no object with an `event`');
}

const isInbound = (event: string): event is InboundEvent => Object.hasOwn(twilioInbound, event);

function check<T>(schema: z.ZodType<T>, message: unknown): T {
  const result = schema.safeParse(message);
  if (result.success) return result.data;
  throw new Failure('PROVIDER_BAD_MESSAGE', describeIssues(result.error.issues));
}

interface ForeignFormat {
  readonly encoding: string;
  readonly sampleRate: number;
  readonly channels: number;
}

function formatOf({ encoding, sampleRate, channels }: ForeignFormat): MediaFormat {
  const known = ENCODINGS.get(encoding.toLowerCase());
  if (known !== undefined && sampleRate === 8000 && channels === 1) return { encoding: known, rateHz: 8000 };
  const came = `${encoding.slice(0, 40).replace(/[^\w./-]/g, '?')}, ${sampleRate} Hz, ${channels} channels`;
  throw new Failure(
    'PROVIDER_BAD_FORMAT',
    `the stream brings ${came}; decoded is G.711 (μ-law or A-law), 8000 Hz, mono`,
  );
}

const write = (message: TwilioOutbound): string => JSON.stringify(message);

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
