/** A caller whom the agent has put through to somebody else. */
import * as z from 'zod';

const warmTransferSchema = z.object({
  /** How they take the call: by a key, or by answering. */
  accept: z.enum(['key', 'answer']),
  /** Said to them first: who is waiting, and why; then what they are to do. */
  summary: z.string(),
  prompt: z.string(),
  /** The address of what the caller hears meanwhile. */
  holdMusic: z.string().optional(),
  voice: z.string().optional(),
  language: z.string().optional(),
});

export const transferSchema = z.object({
  /** As the agent's file calls the destination. */
  name: z.string(),
  /** E.164 or a SIP URI. */
  to: z.string(),
  timeoutSeconds: z.int().positive(),
  callerId: z.string().optional(),
  /** By REFER, where the caller came by SIP. */
  refer: z.boolean().optional(),
  /** The caller waits until the other side has taken the call; before that they are not put through. */
  warm: warmTransferSchema.optional(),
});

/** All that is needed to dial: whichever process is asked may not know the agent's file of then. */
export type Transfer = Readonly<z.infer<typeof transferSchema>>;

/** Beyond the minute in which anybody else answers: a summary of 25 s, and ten seconds to think, after 45 s of ringing. */
const TAKING_MS = 60_000;

/** For how much longer than another one a call is held of which this is the last that is known. */
export const heldLongerMs = (transfer: Transfer | undefined): number => (transfer?.warm === undefined ? 0 : TAKING_MS);
