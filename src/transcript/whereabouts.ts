/** What is asked, before a journal becomes a record, of whoever knows where calls go on. */
import type { CallFacts, Entry } from './entry.ts';

/** None of these throws: who cannot tell says `false` or `unknown`. */
export interface Whereabouts {
  /** Of a call of which this process is to make the record: whether another one has it, and makes that. */
  isFenced(callId: string): Promise<boolean>;
  /**
   * Of a call whose journal, with this `last` entry, a dead process left. `elsewhere`: its record is made without this journal;
   * `lacking`: that too, and who makes it does not have all that this journal says; `open`: it may still be taken up, or is
   * about to be settled, or nobody can tell now; `unknown`: this journal is all there is.
   */
  judge(callId: string, last: Entry | undefined): Promise<'elsewhere' | 'lacking' | 'open' | 'unknown'>;
  /** Its process died; this process, and no other, holds its journal until somebody takes the call up. */
  orphaned(callId: string, facts: CallFacts): void;
  /** The record is published, or nobody's to make any more. */
  published(callId: string): void;
}

/** Of a process that takes no call up. */
export const NOWHERE: Whereabouts = {
  isFenced: () => Promise.resolve(false),
  judge: () => Promise.resolve('unknown'),
  orphaned: () => undefined,
  published: () => undefined,
};
