/** The transcript of one call: collected from the ring on, on disk from the answer on, settled at the end. */
import type { Clock } from '../lib/index.ts';
import { type Collector, createCollector } from './collector.ts';
import type { CallFacts, Entry } from './entry.ts';
import type { Journal } from './journal.ts';
import type { Outbox } from './outbox.ts';
import type { Outcome } from './outcome.ts';

export interface CallTranscriptOptions {
  readonly call: CallFacts;
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'open' | 'settle'>;
  /** Told of each entry, once it is on disk. */
  readonly watch?: ((callId: string, entry: Entry) => void) | undefined;
  /** Told of each entry, once it is on disk: where other processes can see it. */
  readonly mirror?: ((callId: string, entry: Entry) => void) | undefined;
  /** What an earlier holder wrote, oldest first: the transcript goes on from there. */
  readonly earlier?: readonly Entry[] | undefined;
}

export interface CallTranscript {
  readonly collector: Collector;
  /** After the last entry. */
  readonly close: () => void;
  /** The call goes on in another process: lines are finished, and no record is made here. */
  readonly leave: () => void;
}

/** Of a call that nobody holds, and of which this process says only how it ended: `earlier` is all that there is of it. */
export function endTranscript(
  options: CallTranscriptOptions & { readonly earlier: readonly Entry[]; readonly outcome: Outcome },
): void {
  const { call, clock, outbox, watch, mirror, earlier, outcome } = options;
  const { callId } = call;
  const entry: Entry = { type: 'ended', at: Math.round(clock.nowMs()), outcome };
  outbox.open(callId, earlier).append(entry);
  watch?.(callId, entry);
  mirror?.(callId, entry);
  outbox.settle(callId);
}

/**
 * A call whose stream does not come here leaves no record here: it went to another process, which makes the one record that the
 * call's id allows, or it never came.
 */
export function beginTranscript(options: CallTranscriptOptions): CallTranscript {
  const { call, clock, outbox, watch, mirror, earlier = [] } = options;
  const { callId } = call;
  /** What came while it rang: a few entries within half a minute. */
  const beforeAnswer: Entry[] = [];
  let journal: Journal | undefined = earlier.length > 0 ? outbox.open(callId, earlier) : undefined;
  const write = (to: Journal, entry: Entry): void => {
    to.append(entry);
    watch?.(callId, entry);
    mirror?.(callId, entry);
  };
  const append = (entry: Entry): void => {
    if (entry.type === 'answered') journal ??= outbox.open(callId);
    if (journal === undefined) {
      beforeAnswer.push(entry);
      return;
    }
    for (const before of beforeAnswer.splice(0)) write(journal, before);
    write(journal, entry);
  };
  const collector = createCollector({ call, clock, append, earlier });
  return {
    collector,
    close: () => {
      if (journal !== undefined) outbox.settle(callId);
    },
    leave: () => collector.leave(),
  };
}
