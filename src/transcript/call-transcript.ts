/** The transcript of one call: collected from the ring on, on disk from the answer on, settled at the end. */
import type { Clock } from '../lib/index.ts';
import { type Collector, createCollector } from './collector.ts';
import type { CallFacts, Entry } from './entry.ts';
import type { Journal } from './journal.ts';
import type { Outbox } from './outbox.ts';

export interface CallTranscriptOptions {
  readonly call: CallFacts;
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'open' | 'settle'>;
  /** Told of each entry, once it is on disk. */
  readonly watch?: ((callId: string, entry: Entry) => void) | undefined;
}

export interface CallTranscript {
  readonly collector: Collector;
  /** After the last entry. */
  readonly close: () => void;
}

/**
 * A call that nobody answers here leaves no record: its stream went to another process, which makes the one record that
 * the call's id allows, or it never came.
 */
export function beginTranscript({ call, clock, outbox, watch }: CallTranscriptOptions): CallTranscript {
  const { callId } = call;
  /** What came while it rang: a few entries within half a minute. */
  const beforeAnswer: Entry[] = [];
  let journal: Journal | undefined;
  const write = (to: Journal, entry: Entry): void => {
    to.append(entry);
    watch?.(callId, entry);
  };
  const append = (entry: Entry): void => {
    if (entry.type === 'answered') journal ??= outbox.open(callId);
    if (journal === undefined) {
      beforeAnswer.push(entry);
      return;
    }
    for (const earlier of beforeAnswer.splice(0)) write(journal, earlier);
    write(journal, entry);
  };
  return {
    collector: createCollector({ call, clock, append }),
    close: () => {
      if (journal !== undefined) outbox.settle(callId);
    },
  };
}
