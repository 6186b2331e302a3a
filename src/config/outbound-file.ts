/** What an operator may write under `outbound` in an agent's file: how it does in calls that are placed for it. */
import { z } from 'zod';

const message = z
  .string()
  .trim()
  .min(1)
  // Two minutes of speech, which is as much as most machines take.
  .max(2_000)
  .describe('What is said after the tone. {{vars.name}} and the like stand for what is known.');

export const outbound = z.strictObject({
  // Twilio's own bounds reach to 600; most networks give up, or lead to voicemail, within a minute.
  ringSeconds: z.int().min(5).max(120).default(30).describe('How long it may ring, in seconds.'),
  machine: z
    .union([z.literal('hangUp'), z.strictObject({ leaveMessage: message })], {
      error: 'must be hangUp, or a map of leaveMessage',
    })
    .optional()
    .describe(
      'What happens when a machine answers. Until that is known, the agent does not hear what is said. Without it, nobody looks.',
    ),
});

export type OutboundFile = z.output<typeof outbound>;
