/** What a caller who is still on the line gets when the stream is over. */
import * as z from 'zod';
import type { Known } from '../cluster/index.ts';
import type { Transfer } from '../transcript/index.ts';
import { type RingingCall, ringingOf } from './ringing-call.ts';
import type { Ticket } from './warm-transfers.ts';

/** What may be kept of a call that has ended, for whichever process is asked. */
const endedSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('hangUp') }),
  /** The agent's goodbye; `heard`: its words were said already while the stream lived. */
  z.object({ do: z.literal('fallback'), agent: z.string().optional(), heard: z.boolean().optional() }),
]);

export type Next =
  | Readonly<z.infer<typeof endedSchema>>
  /** Another stream, with a fresh token; `keys`: pressed before it opens, as its call then says. */
  | { readonly do: 'connect'; readonly call: RingingCall; readonly keys?: string | undefined }
  /** Somebody else, and another stream when nobody answers. */
  | { readonly do: 'transfer'; readonly transfer: Transfer }
  /** Somebody else has been called, and the caller waits for them. */
  | { readonly do: 'hold'; readonly ticket: Ticket }
  /** Another process is to answer: this one has let the call go, or shuts down. */
  | { readonly do: 'askElsewhere' };

export const HANG_UP = { do: 'hangUp' } as const satisfies Next;

export function connected(call: RingingCall, keys: string | undefined): Next {
  return keys === undefined ? { do: 'connect', call } : { do: 'connect', call: { ...call, keysPressed: true }, keys };
}

/** Of a call that is not in this process. One that nobody knows of was lost with the process that held it. */
export function nextElsewhere(known: Known, agent: string, draining: boolean): Next {
  if (known.state === 'ended') return nextFrom(known.answer) ?? { do: 'fallback', agent };
  if (known.state === 'unknown') return { do: 'fallback', agent };
  // Twilio needs nobody to dial: it comes back when that is over.
  if (known.transfer !== undefined) return { do: 'transfer', transfer: known.transfer };
  return draining ? { do: 'askElsewhere' } : { do: 'connect', call: ringingOf(known.facts) };
}

/** What another process wrote down; undefined when it cannot be read, as after a change of versions. */
function nextFrom(answer: string): Next | undefined {
  try {
    return endedSchema.parse(JSON.parse(answer));
  } catch {
    return undefined;
  }
}
