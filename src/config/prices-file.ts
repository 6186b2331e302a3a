/** What config/models.yaml says that a model's tokens cost. */
import { z } from 'zod';

/** A slip by a factor of a thousand should not pass: the dearest token sold costs a hundredth of this. */
const perMillion = z.number().min(0).max(10_000);

const price = z
  .strictObject({
    from: z.iso.date().optional().describe('The first day (UTC) on which these prices hold. Without it: always.'),
    input: z.strictObject({
      text: perMillion.optional(),
      audio: perMillion.optional(),
      image: perMillion.optional(),
      video: perMillion.optional(),
      cached: perMillion.optional().describe('Of tokens that were cached. Default: as if they were not.'),
    }),
    output: z.strictObject({
      text: perMillion.optional(),
      audio: perMillion.optional(),
      thoughts: perMillion.optional().describe('Default: as text.'),
    }),
  })
  .describe('For a million tokens, by what they stand for.');

export const prices = z
  .array(price)
  .min(1)
  .refine(
    (list) => list.every(({ from = '' }, index) => index === 0 || from > (list[index - 1]?.from ?? '')),
    'must be in the order of their days, each later than the one before; only the first may be without one',
  )
  .describe('What its tokens cost, oldest prices first. Without it, the cost of its calls is unknown.');

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be three capital letters (ISO 4217), such as USD')
  .default('USD')
  .describe('Of all prices in this file.');
