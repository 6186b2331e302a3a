/**
 * Twilio's side of its own words: what it sends, what it takes, and nothing else. Written from the documents, apart from the
 * service's reading of them, so that a mistake in one does not hide in the other.
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages · https://www.twilio.com/docs/voice/twiml
 */
import { z } from 'zod';

/** What the service may send, to the field: Twilio warns of anything more, less or other. */
const serviceMessage = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('media'),
    streamSid: z.string(),
    media: z.strictObject({ payload: z.base64() }),
  }),
  z.strictObject({
    event: z.literal('mark'),
    streamSid: z.string(),
    mark: z.strictObject({ name: z.string() }),
  }),
  z.strictObject({ event: z.literal('clear'), streamSid: z.string() }),
]);

export type ServiceMessage =
  | { readonly type: 'media'; readonly payload: Uint8Array }
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'clear' }
  | { readonly type: 'invalid'; readonly why: string };

export function readServiceMessage(text: string, streamSid: string): ServiceMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { type: 'invalid', why: 'not JSON' };
  }
  const parsed = serviceMessage.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { type: 'invalid', why: `${issue?.path.join('.') || 'message'}: ${issue?.message}` };
  }
  const message = parsed.data;
  if (message.streamSid !== streamSid) return { type: 'invalid', why: 'streamSid: not that of this stream' };
  switch (message.event) {
    case 'media':
      return { type: 'media', payload: Buffer.from(message.media.payload, 'base64') };
    case 'mark':
      return { type: 'mark', name: message.mark.name };
    case 'clear':
      return { type: 'clear' };
  }
}

export interface StreamIds {
  readonly accountSid: string;
  readonly callSid: string;
  readonly streamSid: string;
}

export const connectedMessage = (): string =>
  JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' });

export function startMessage(sequence: number, ids: StreamIds, parameters: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    event: 'start',
    sequenceNumber: String(sequence),
    start: {
      accountSid: ids.accountSid,
      streamSid: ids.streamSid,
      callSid: ids.callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: parameters,
    },
    streamSid: ids.streamSid,
  });
}

/** `chunk` counts from 1; `timestampMs` is the sound's place in the stream. */
export function mediaMessage(
  sequence: number,
  ids: StreamIds,
  chunk: number,
  timestampMs: number,
  ulaw: Uint8Array,
): string {
  return JSON.stringify({
    event: 'media',
    sequenceNumber: String(sequence),
    media: {
      track: 'inbound',
      chunk: String(chunk),
      timestamp: String(timestampMs),
      payload: Buffer.from(ulaw.buffer, ulaw.byteOffset, ulaw.byteLength).toString('base64'),
    },
    streamSid: ids.streamSid,
  });
}

export function dtmfMessage(sequence: number, ids: StreamIds, digit: string): string {
  return JSON.stringify({
    event: 'dtmf',
    streamSid: ids.streamSid,
    sequenceNumber: String(sequence),
    dtmf: { track: 'inbound_track', digit },
  });
}

export function markMessage(sequence: number, ids: StreamIds, name: string): string {
  return JSON.stringify({
    event: 'mark',
    sequenceNumber: String(sequence),
    streamSid: ids.streamSid,
    mark: { name },
  });
}

export function stopMessage(sequence: number, ids: StreamIds): string {
  return JSON.stringify({
    event: 'stop',
    sequenceNumber: String(sequence),
    stop: { accountSid: ids.accountSid, callSid: ids.callSid },
    streamSid: ids.streamSid,
  });
}

/** https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
export type CallStatus =
  | 'queued'
  | 'initiated'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'no-answer'
  | 'failed'
  | 'canceled';

export interface CallFacts {
  readonly accountSid: string;
  readonly callSid: string;
  /** E.164, or a `sip:` URI. */
  readonly from: string;
  readonly to: string;
  /** Default: inbound. */
  readonly direction?: 'inbound' | 'outbound-api' | undefined;
}

const sipAddress = (address: string): RegExpExecArray | null => /^sips?:(?:([^@]*)@)?([^;:>]+)/.exec(address);

/** Whether the provider has the call by SIP. */
export const isBySip = ({ to }: CallFacts): boolean => sipAddress(to) !== null;

/** The form of a webhook. For a phone number Twilio adds where it lies; for SIP, the domain. */
export function callForm(call: CallFacts, status: CallStatus): Record<string, string> {
  const form: Record<string, string> = {
    AccountSid: call.accountSid,
    ApiVersion: '2010-04-01',
    CallSid: call.callSid,
    CallStatus: status,
    Called: call.to,
    Caller: call.from,
    Direction: call.direction ?? 'inbound',
    From: call.from,
    To: call.to,
  };
  const sip = sipAddress(call.to);
  if (sip) return { ...form, SipDomain: sip[2] ?? '', SipCallId: `${call.callSid}@phone.invalid` };
  for (const side of ['From', 'To', 'Caller', 'Called']) {
    for (const part of ['City', 'State', 'Zip']) form[side + part] = '';
    form[`${side}Country`] = 'US';
  }
  // Who calls is verified of calls that come in.
  return call.direction === 'outbound-api' ? form : { ...form, StirVerstat: 'TN-Validation-Passed-A' };
}

export interface CallProgress {
  /** Counts the callbacks of a call, from 0. */
  readonly sequence: number;
  readonly timeMs: number;
  /** Only for a call that has ended. */
  readonly durationMs: number | undefined;
}

/** The form of a call status callback. */
export function statusForm(call: CallFacts, status: CallStatus, progress: CallProgress): Record<string, string> {
  const form: Record<string, string> = {
    ...callForm(call, status),
    CallbackSource: 'call-progress-events',
    SequenceNumber: String(progress.sequence),
    // RFC 2822, in UTC.
    Timestamp: new Date(progress.timeMs).toUTCString().replace('GMT', '+0000'),
  };
  if (progress.durationMs === undefined) return form;
  return {
    ...form,
    CallDuration: String(Math.ceil(progress.durationMs / 1000)),
    // Billed minutes, which Twilio reports beside the seconds.
    Duration: String(Math.ceil(progress.durationMs / 60_000)),
  };
}
