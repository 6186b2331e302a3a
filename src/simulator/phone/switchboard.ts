/** The calls that the provider carries at the moment: where its REST API finds them, and by which it steers them. */
import { createRooms, type Rooms } from './rooms.ts';
import type { CallFacts, CallStatus } from './wire.ts';

/** Where a call is led from outside. */
export type Destination =
  | { readonly url: string; readonly fallbackUrl?: string | undefined }
  | { readonly twiml: string };

export interface CallState {
  readonly facts: CallFacts;
  readonly status: CallStatus;
  readonly beganMs: number;
  readonly answeredMs: number | undefined;
  readonly endedMs: number | undefined;
}

/** A call as the REST API has it before it. Once it has ended, both verbs do nothing. */
export interface SwitchedCall extends CallState {
  /** Leaves its document, and the stream with it, for another one. */
  lead(to: Destination): void;
  hangUp(): void;
}

export interface Switchboard {
  /** The returned function takes the call off again: what it then was is remembered, and what it held is let go. */
  plug(call: SwitchedCall): () => void;
  find(callSid: string): SwitchedCall | undefined;
  /** Those that last. */
  running(): readonly SwitchedCall[];
  /** Where its calls meet. */
  readonly rooms: Rooms;
}

/** Twilio keeps calls for months; the REST API's users ask about those of the last minutes. */
const MAX_REMEMBERED = 1_000;

export function createSwitchboard(): Switchboard {
  const running = new Map<string, SwitchedCall>();
  /** The oldest first. */
  const over = new Map<string, SwitchedCall>();
  return {
    plug(call) {
      const { callSid } = call.facts;
      running.set(callSid, call);
      return () => {
        running.delete(callSid);
        over.set(callSid, stateOf(call));
        const [oldest] = over.keys();
        if (over.size > MAX_REMEMBERED && oldest !== undefined) over.delete(oldest);
      };
    },
    find: (callSid) => running.get(callSid) ?? over.get(callSid),
    running: () => [...running.values()],
    rooms: createRooms(),
  };
}

function stateOf({ facts, status, beganMs, answeredMs, endedMs }: SwitchedCall): SwitchedCall {
  const nothing = (): void => undefined;
  return { facts, status, beganMs, answeredMs, endedMs, lead: nothing, hangUp: nothing };
}
