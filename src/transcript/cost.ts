/** What a call cost, by the tokens that were counted and the prices of the configuration. */
import * as z from 'zod';

const amount = z.number().nonnegative();

export const costSchema = z.object({
  /** ISO 4217. */
  currency: z.string(),
  /** The Live session's tokens. Absent, here and below: not known, because a price or a count is missing. */
  call: amount.optional(),
  /** The tokens of each step of the analysis, by its name. */
  steps: z.record(z.string(), amount).default({}),
  /** All of it; absent when a part is. */
  total: amount.optional(),
});

export type Cost = Readonly<z.infer<typeof costSchema>>;
