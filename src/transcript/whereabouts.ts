/** What is asked, before a journal becomes a record, of whoever knows where calls go on. */
import type { CallFacts } from './entry.ts';

/** None of these throws: who cannot tell says `false` or `unknown`. */
export interface Whereabouts {
  /** Of a call that ended in this process: whether another one had taken it meanwhile, and makes its record. */
  isFenced(callId: string): Promise<boolean>;
  /**
   * Of a call whose journal a dead process left. `elsewhere`: its record is made without this journal; `open`: it may still
   * be taken up, or is about to be settled; `unknown`: this journal is all there is.
   */
  judge(callId: string): Promise<'elsewhere' | 'open' | 'unknown'>;
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
