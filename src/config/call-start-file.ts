/** What an operator may write under `callStart` in an agent's file: who is asked about a call while it rings. */
import { z } from 'zod';
import { secretEnv, webhookUrl } from './webhook-file.ts';

export const callStart = z
  .strictObject({
    url: webhookUrl,
    secretEnv,
    deadlineMs: z
      .int()
      .min(100)
      // A stream has five seconds to be taken in; two of them are for what the processes share.
      .max(2_500)
      .default(2_000)
      .describe('How long the answer may take, in ms. Without one the call goes on as this file says.'),
  })
  .describe(
    'Who is asked, signed, when a call rings: the answer may set variables, and choose agent, voice and language.',
  );
