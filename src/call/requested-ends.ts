/**
 * Calls that somebody has ended over HTTP. The provider says of such a call only that it is over, and says so to whichever process:
 * that it was asked to end it is in a note that all share, before it is asked.
 */
import type { Notes } from '../cluster/index.ts';
import { Failure } from '../lib/index.ts';
import type { CallControl } from '../telephony/index.ts';

/** The provider is asked for 17 s at most, and tells of a call's end for 15 s more. */
const NOTED_MS = 60_000;
/** In the words of an outcome's `by`. */
const BY = 'api';

export interface RequestedEndsOptions {
  readonly notes: Notes;
  /** undefined: the provider cannot be asked for anything. */
  readonly control: CallControl | undefined;
}

export class RequestedEnds {
  readonly #options: RequestedEndsOptions;

  constructor(options: RequestedEndsOptions) {
    this.#options = options;
  }

  /** Rejects with Failure OUTBOUND_OFF, and with PROVIDER_REST when the call goes on, as far as is known. */
  async hangUp(callId: string): Promise<void> {
    const { notes, control } = this.#options;
    if (control === undefined) {
      throw new Failure('OUTBOUND_OFF', 'without TWILIO_ACCOUNT_SID nobody can be asked to end a call');
    }
    await notes.note(keyOf(callId), { rank: 0, value: BY, forMs: NOTED_MS });
    try {
      await control.hangUp(callId);
    } catch (error) {
      await notes.forget(keyOf(callId));
      throw error;
    }
  }

  /** Who has had a call ended that the provider says to be over; undefined: nobody here. Never rejects. */
  async by(callId: string): Promise<typeof BY | undefined> {
    return (await this.#options.notes.get(keyOf(callId))) === undefined ? undefined : BY;
  }
}

const keyOf = (callId: string): string => `ended:${callId}`;
