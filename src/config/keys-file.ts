/** What an operator may write under `keys`: how the keys that a caller presses are put together. */
import { z } from 'zod';

export const keys = z
  .strictObject({
    interDigitMs: z
      .int()
      // People look for the next key for a second and more; the model answers so much later.
      .min(300)
      .max(10_000)
      .default(2_000)
      .describe('So long after a key, in ms, the next one belongs to something else.'),
    terminator: z
      .enum(['#', '*', 'none'])
      .default('#')
      .describe('The key that ends what is entered, in quotes. It is no part of it.'),
    // What Twilio itself sends in one go is 32.
    maxDigits: z.int().min(1).max(32).default(32).describe('So many keys are all of it.'),
    secret: z
      .boolean()
      .default(false)
      .describe('Whether only tools get them, as {{caller.keys}}: not the model, the log, or the transcript.'),
  })
  .describe('Puts keys together, to be told in one. Without it each key is told by itself.');
