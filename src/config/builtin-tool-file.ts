/** What an operator may write of the tools that come with the service: what the agent can do with the call itself. */
import { z } from 'zod';
import { callerId, destination } from './addresses.ts';
import { said, sayLanguage, sayVoice } from './said-words.ts';
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

/** As Twilio fetches it, over and over. */
const music = z
  .url({ protocol: /^https$/, error: 'must be an https URL' })
  .describe('What a caller hears meanwhile, of a minute at most: MP3 or WAV. Without it, silence.');
/** What goes with a warm transfer alone. */
const WARM_KEYS = ['accept', 'prompt', 'holdMusic', 'voice', 'language'] as const;

const transferTo = z
  .strictObject({
    to: destination.describe('A phone number (E.164, in quotes) or a SIP address.'),
    description: text.describe('Who that is, and for what; the model chooses by it.'),
    // A call that nobody has for a minute is settled: who is not reached by then comes back too late.
    timeoutSeconds: z.int().min(5).max(45).default(20).describe('How long it may ring, in seconds.'),
    callerId,
    refer: z
      .boolean()
      .default(false)
      .describe("Has a SIP caller's own telephone system dial the SIP address (REFER), and Twilio everybody else's."),
    warm: z
      .boolean()
      .default(false)
      .describe(
        'Has whoever answers hear who is waiting first, and take the call or not; the caller waits in a conference.',
      ),
    accept: z
      .enum(['key', 'answer'])
      .optional()
      .describe('How they take it: by the key 1, the default, or by answering.'),
    prompt: said.max(200).optional().describe('What they are told to do, after the summary, where a key is wanted.'),
    holdMusic: music.optional(),
    voice: sayVoice.optional(),
    language: sayLanguage.optional(),
  })
  .superRefine((settings, { addIssue }) => {
    const complain = (key: string, message: string) => addIssue({ code: 'custom', path: [key], message });
    if (settings.warm && settings.refer) complain('refer', 'does not go with warm');
    for (const key of WARM_KEYS) {
      if (!settings.warm && settings[key] !== undefined) complain(key, 'goes with warm: true only');
    }
  })
  .refine(({ to, refer }) => !refer || to.startsWith('sip'), {
    path: ['refer'],
    error: 'needs a SIP address under to',
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

const TAKE_MESSAGE =
  'Writes down a message for somebody who is not on the line. Ask for what is to be passed on, the name and a number to call ' +
  'back; read them back to the caller before you use it.';

export const takeMessage = z.strictObject({
  kind: z.literal('takeMessage'),
  name: toolName.default('take_message'),
  description: text.default(TAKE_MESSAGE).describe('When the model should take a message, and what it asks for.'),
});

const VOICEMAIL_DETECTED =
  'Tells that a machine has answered your call: a voicemail greeting, a menu, or a tone to speak after. Use it as soon as you ' +
  'notice that, and say nothing before you have its result.';

export const voicemailDetected = z.strictObject({
  kind: z.literal('voicemailDetected'),
  name: toolName.default('voicemail_detected'),
  description: text.default(VOICEMAIL_DETECTED).describe('How the model knows a machine.'),
  message: text
    .max(1_000)
    .optional()
    .describe('What is said after the tone, {{vars.name}} and the like put in. Without it the call ends at once.'),
});

const SEND_DIGITS =
  'Presses keys on the telephone. Use it when a menu asks for a choice, or for an extension. The other side hears nothing of you ' +
  'meanwhile, nor you of them.';

export const sendDigits = z.strictObject({
  kind: z.literal('sendDigits'),
  name: toolName.default('send_digits'),
  description: text.default(SEND_DIGITS).describe('When the model should press keys.'),
});

/** The tools that come with the service. */
export type BuiltInToolFile = z.output<
  typeof endCall | typeof transferCall | typeof takeMessage | typeof sendDigits | typeof voicemailDetected
>;
