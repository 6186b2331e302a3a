/** A caller whom the agent has put through to somebody else. */
import * as z from 'zod';

export const transferSchema = z.object({
  /** As the agent's file calls the destination. */
  name: z.string(),
  /** E.164 or a SIP URI. */
  to: z.string(),
  timeoutSeconds: z.int().positive(),
  callerId: z.string().optional(),
  /** By REFER, where the caller came by SIP. */
  refer: z.boolean().optional(),
});

/** All that is needed to dial: whichever process is asked may not know the agent's file of then. */
export type Transfer = Readonly<z.infer<typeof transferSchema>>;
