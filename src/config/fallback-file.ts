/** What an operator may write under `fallback`: what a caller gets when the agent cannot speak with them. */
import { z } from 'zod';
import { callerId, destination } from './addresses.ts';
import { said, sayLanguage, sayVoice, soundName } from './said-words.ts';

const transfer = z.strictObject({
  to: destination.describe('A phone number (E.164, in quotes) or a SIP address.'),
  // Twilio's own bounds reach to 600; a caller does not wait for longer than two minutes.
  timeoutSeconds: z.int().min(5).max(120).default(20).describe('How long it may ring, in seconds.'),
  callerId,
});

const voicemail = z.strictObject({
  prompt: said.default('Please leave a message after the tone.').describe('What is said before the tone.'),
  // Below five seconds nobody has said who they are; Twilio's own bound is four hours.
  maxSeconds: z.int().min(5).max(3_600).default(120).describe('The longest message, in seconds.'),
});

export const fallback = z
  .strictObject({
    say: said.optional().describe("What Twilio's voice says. Without say and play, the recording of this service."),
    play: soundName
      .optional()
      .describe(
        'The name of a WAV file in config/sounds, in place of say. At 8 kHz in mono, and up to 20 s long, it is heard at once.',
      ),
    voice: sayVoice.optional(),
    language: sayLanguage.optional(),
    transfer: transfer.optional().describe('Whom the caller is connected with then.'),
    voicemail: voicemail.optional().describe('Takes a message then, in place of a transfer.'),
  })
  .superRefine(({ say, play, transfer, voicemail }, { addIssue }) => {
    const exclusive = (path: string, other: string): void =>
      addIssue({ code: 'custom', path: [path], message: `stands beside ${other}: leave one of them out` });
    if (say !== undefined && play !== undefined) exclusive('play', 'say');
    if (transfer !== undefined && voicemail !== undefined) exclusive('voicemail', 'transfer');
  })
  .describe('What a caller gets when the agent cannot speak with them, or no longer.');
