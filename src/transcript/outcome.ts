/** How a call ended, and whose fault it was when it failed. */
import * as z from 'zod';

/** Why nobody answered a call that was placed, as the provider has it. */
export const UNANSWERED = ['busy', 'noAnswer', 'failed', 'canceled'] as const;
export type Unanswered = (typeof UNANSWERED)[number];

export const outcomeSchema = z.discriminatedUnion('kind', [
  /**
   * `by`: who ended it, in the words of the version that wrote it: agent, timeLimit, silence, shutdown, machine (one answered), api
   * (whoever has sent `DELETE /calls/:id`).
   */
  z.object({ kind: z.literal('completed'), by: z.string().optional() }),
  z.object({ kind: z.literal('callerGone') }),
  /**
   * The caller was put through, and did not come back. `to`: the destination, as the agent's file calls it; `warm`: who heard of the
   * caller first, and took the call.
   */
  z.object({ kind: z.literal('transferred'), to: z.string(), warm: z.boolean().optional() }),
  /** A call that was placed from here. */
  z.object({ kind: z.literal('unanswered'), end: z.enum(UNANSWERED) }),
  z.object({
    kind: z.literal('failed'),
    fault: z.enum(['provider', 'model', 'client', 'us']),
    /** A FailureCode, by the table of the version that wrote it: an older worker must be able to read a newer code. */
    code: z.string(),
  }),
]);

export type Outcome = Readonly<z.infer<typeof outcomeSchema>>;
