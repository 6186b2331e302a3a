/** What an operator may write of the tools that come with the service: what the agent can do with the call itself. */
import { z } from 'zod';
import { callerId, destination } from './addresses.ts';
import { text, toolName } from './tool-words.ts';

const END_CALL =
  'Ends the phone call. Use it when the caller has said goodbye, or has everything they called for and wants nothing more. ' +
  'Say goodbye first; what you are saying is heard to its end.';

export const endCall = z.strictObject({
  kind: z.literal('endCall'),
  name: toolName.default('end_call'),
  description: text.default(END_CALL).describe('When the model should end the call.'),
});

const TRANSFER_CALL =
  'Puts the caller through to somebody else, by telephone. Use it when the caller asks for that, or needs what you cannot do. ' +
  'Tell the caller first; what you are saying is heard to its end.';

const transferTo = z.strictObject({
  to: destination.describe('A phone number (E.164, in quotes) or a SIP address.'),
  description: text.describe('Who that is, and for what; the model chooses by it.'),
  // A call that nobody has for a minute is settled: who is not reached by then comes back too late.
  timeoutSeconds: z.int().min(5).max(45).default(20).describe('How long it may ring, in seconds.'),
  callerId,
});

/** The model says it, and a person reads it in the record. */
const destinationName = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/);

const wrongName = ({ code }: z.core.$ZodRawIssue): string | undefined =>
  code === 'invalid_key' ? 'must be a name of lower-case letters, digits, _ and -' : undefined;

export const transferCall = z.strictObject({
  kind: z.literal('transferCall'),
  name: toolName.default('transfer_call'),
  description: text.default(TRANSFER_CALL).describe('When the model should put the caller through.'),
  destinations: z
    .record(destinationName, transferTo, { error: wrongName })
    .refine((all) => Object.keys(all).length > 0, 'must name somebody: desk: { to: "+15551230100", description: … }')
    .describe('To whom, by names that the model chooses from.'),
});

export type TransferCallFile = z.output<typeof transferCall>;
export type EndCallFile = z.output<typeof endCall>;
