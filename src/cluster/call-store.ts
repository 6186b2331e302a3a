/** Running calls, as every process of this service can see them: so that a call outlives the process that holds it. */
import type { CallFacts, Entry, Transfer, Whereabouts } from '../transcript/index.ts';

export type Known =
  | { readonly state: 'unknown' }
  | {
      readonly state: 'running';
      /** `dead`: its process ended without a word; `none`: its process let it go. Either way it can be taken. */
      readonly holder: 'here' | 'elsewhere' | 'dead' | 'none';
      readonly facts: CallFacts;
      /** The provider has the caller, to put them through to somebody else. */
      readonly transfer?: Transfer | undefined;
    }
  /** `answer`: what the caller, if still on the line, should get, in the words of whoever ended the call. */
  | { readonly state: 'ended'; readonly answer: string };

export interface CallStore {
  /** Nothing is heard of other processes just now, nor do they hear of this one. */
  readonly away: boolean;
  /** Never rejects: what cannot be asked is answered from what this process and its disk know. */
  look(callId: string): Promise<Known>;
  /** Calls that were answered and have not ended, of all processes, at most `max`. Never rejects: while the store is away, those of this one. */
  running(max: number): Promise<readonly CallFacts[]>;
  /**
   * This process holds the call from now on; earlier holders are fenced off: their appends do not count any more, and they
   * are told `taken`. Gives what they left, oldest first. Rejects with STREAM_DUPLICATE when the call has ended.
   */
  take(facts: CallFacts): Promise<{ readonly entries: readonly Entry[] }>;
  /**
   * The same for a call that nobody holds, to say how it ended. undefined: somebody holds it, or it has ended. Rejects when that cannot
   * be known, with nothing held.
   */
  takeLeft(facts: CallFacts): Promise<readonly Entry[] | undefined>;
  /** After the entry is in the local journal. Never throws; queued while the store is away, bounded. */
  append(callId: string, entry: Entry): void;
  /** This process lets go, the call goes on: at a handover. Resolves when its state is where another finds it, or cannot get there. */
  release(callId: string): Promise<void>;
  /** The call is over; remembered for some minutes for whoever is asked. A call that somebody left is settled at once. */
  end(callId: string, answer: string): Promise<void>;
  /** This process is told to stop: the others give it no calls any more. */
  leaves(): void;
  /** How many other processes live, and stay, that could take a call up. */
  neighbours(): Promise<number>;
  /** What the outbox asks before a journal becomes a record. */
  readonly whereabouts: Whereabouts;
  close(): Promise<void>;
}

export interface CallStoreHandlers {
  /** Another process has the call now: let go of it without a record. */
  taken(callId: string): void;
  /** Its holder died. One survivor is told, and another one only if that one dies too. */
  orphaned(callId: string, facts: CallFacts): void;
}
