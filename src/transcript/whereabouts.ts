/** What is asked, before a journal becomes a record, of whoever knows where calls go on. */
import type { CallFacts, Entry } from './entry.ts';

/** What a journal says that is to be judged. */
export interface JournalSeen {
  readonly entries: readonly Entry[];
  /** The process that left it, which is known here to be dead; others may take it for a living one yet. */
  readonly deadOwner?: string | undefined;
}

export type Judged = 'elsewhere' | 'lacking' | 'open' | 'unknown';

/** None of these throws: who cannot tell says `no` or `open`. */
export interface Whereabouts {
  /**
   * Of a call of which this process is to make the record: whether another one has it, and makes that. `lacking`: without all
   * that this journal says.
   */
  isFenced(callId: string, journal: JournalSeen): Promise<'no' | 'whole' | 'lacking'>;
  /**
   * Of a call whose journal a dead process left. `elsewhere`: its record is made without this journal; `lacking`: that too, and
   * who makes it does not have all that this journal says; `open`: it may still be taken up, or is about to be settled, or
   * nobody can tell now; `unknown`: this journal is all there is.
   */
  judge(callId: string, journal: JournalSeen): Promise<Judged>;
  /** Its process died; this process, and no other, holds its journal until somebody takes the call up. */
  orphaned(callId: string, facts: CallFacts): void;
  /** The record is published, or nobody's to make any more. */
  published(callId: string): void;
}

/** Of a process that takes no call up. */
export const NOWHERE: Whereabouts = {
  isFenced: () => Promise.resolve('no'),
  judge: () => Promise.resolve('unknown'),
  orphaned: () => undefined,
  published: () => undefined,
};
