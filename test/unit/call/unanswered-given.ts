/** Unanswered calls over a real outbox, and what is known of each call elsewhere. */
import { join } from 'node:path';
import { UnansweredCalls } from '../../../src/call/index.ts';
import { type CallStore, createLocalCallStore } from '../../../src/cluster/index.ts';
import { type Clock, systemIds } from '../../../src/lib/index.ts';
import { createLogger, type Metrics } from '../../../src/telemetry/index.ts';
import {
  type CallRecord,
  createOutbox,
  endTranscript,
  type Outbox,
  type Owners,
} from '../../../src/transcript/index.ts';
import { callFacts } from '../transcript/given.ts';

export type Known =
  | { readonly state: 'running'; readonly holder: 'here' | 'elsewhere' | 'dead' }
  | { readonly state: 'ended' };

export interface UnansweredGiven {
  readonly folder: string;
  readonly clock: Clock;
  readonly owners: Owners;
  readonly publish: (record: CallRecord) => Promise<void>;
  readonly metrics: Metrics;
  /** What the processes know of every call; undefined: nothing. */
  readonly known?: Known | undefined;
}

export function openUnanswered({ folder, clock, owners, publish, metrics, known }: UnansweredGiven): {
  unanswered: UnansweredCalls;
  outbox: Outbox;
} {
  const logger = createLogger({ level: 'silent' });
  const journals = join(folder, 'journals');
  const outbox = createOutbox({ folder: journals, owners, publish, clock, ids: systemIds, logger, metrics });
  const look: CallStore['look'] = async (callId) =>
    known === undefined
      ? { state: 'unknown' }
      : known.state === 'ended'
        ? { state: 'ended', answer: '' }
        : { ...known, facts: callFacts(callId) };
  const handlers = { taken: () => undefined, orphaned: () => undefined };
  const store = createLocalCallStore({ outbox, clock, logger, metrics, handlers });
  const unanswered = new UnansweredCalls({
    clock,
    logger,
    metrics,
    store: { ...store, look },
    provider: 'twilio',
    endTranscript: (call, earlier, outcome) => endTranscript({ call, clock, outbox, earlier, outcome }),
  });
  return { unanswered, outbox };
}
