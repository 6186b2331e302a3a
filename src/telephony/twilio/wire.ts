/** Twilio's media-stream messages by their own names: https://www.twilio.com/docs/voice/media-streams/websocket-messages */
import { z } from 'zod';

/** Twilio writes counters as decimal strings, compatible providers as numbers. Fifteen digits are exact in a double. */
const count = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);

/** By which only gaps are noticed: one that cannot be read is no reason to end a call. */
const counter = count.optional().catch(undefined);

/** Twilio's ids are two letters and 32 hex digits, compatible providers' are UUIDs; either is safe in a file name. */
const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);

/**
 * What comes from the provider, by `event`. Unknown keys are dropped. Compatible providers leave out the top-level
 * `streamSid`, `sequenceNumber` and more, so only what we need is demanded, and ids are read from `start`.
 */
export const twilioInbound = {
  connected: z.object({ event: z.literal('connected') }),
  start: z.object({
    event: z.literal('start'),
    start: z.object({
      streamSid: id,
      callSid: id,
      mediaFormat: z.object({ encoding: z.string(), sampleRate: count, channels: count.default(1) }),
      customParameters: z.record(z.string(), z.string()).default({}),
    }),
  }),
  media: z.object({
    event: z.literal('media'),
    // The payload is base64; checking its alphabet costs as much as decoding it.
    media: z.object({
      track: z.string().optional(),
      chunk: counter,
      timestamp: count.optional(),
      payload: z.string(),
    }),
    sequenceNumber: counter,
  }),
  dtmf: z.object({ event: z.literal('dtmf'), dtmf: z.object({ digit: z.string().regex(/^[0-9A-D*#]$/) }) }),
  mark: z.object({ event: z.literal('mark'), mark: z.object({ name: z.string() }) }),
  stop: z.object({ event: z.literal('stop') }),
} as const;

/** What goes to the provider. A field too many or too few is one silent warning (31951) there, so it is strict here. */
export const twilioOutbound = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('media'), streamSid: id, media: z.strictObject({ payload: z.base64() }) }),
  z.strictObject({ event: z.literal('mark'), streamSid: id, mark: z.strictObject({ name: z.string() }) }),
  z.strictObject({ event: z.literal('clear'), streamSid: id }),
]);

export type TwilioOutbound = z.infer<typeof twilioOutbound>;
