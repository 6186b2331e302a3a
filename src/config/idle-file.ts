/** What an operator may write under `idle`: what becomes of a caller who says nothing. */
import { z } from 'zod';

export const idle = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        askAfterSeconds: z
          .number()
          // Who thinks before they answer is not to be hurried.
          .min(5)
          .max(600)
          .default(12)
          .describe('Silence of both sides, after which the agent asks whether the caller is still there.'),
        times: z
          .int()
          .min(1)
          .max(10)
          .default(2)
          .describe(
            'How often it asks. Then it says goodbye, and the call ends; without a word where all that came to nothing twice.',
          ),
      }),
    ],
    { error: 'must be false, or a map of askAfterSeconds and times' },
  )
  .describe('What becomes of a caller who says nothing. false: they are left in peace.');
