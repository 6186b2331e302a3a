/** Running calls without Redis: what the journals on this disk say, for a process that restarts and those beside it. */
import { asFailure, type Clock, Failure, Recent } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { CallFacts, Entry, Outbox } from '../transcript/index.ts';
import type { CallStore, CallStoreHandlers, Known } from './call-store.ts';
import { ENDED_CALLS } from './ended-calls.ts';

export interface LocalCallStoreOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'storeErrors'>;
  readonly handlers: CallStoreHandlers;
}

export function createLocalCallStore({ outbox, clock, logger, metrics, handlers }: LocalCallStoreOptions): CallStore {
  const held = new Map<string, CallFacts>();
  /** Journals that are being looked for: one that is let go meanwhile must not be found by its own process. */
  const adopting = new Map<string, Promise<readonly Entry[]>>();
  /** What is told of each. */
  const ended = new Recent<string>(clock, ENDED_CALLS);
  const orElse = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      metrics.storeErrors.inc();
      logger.error({ err: asFailure(error, 'STORE_UNAVAILABLE') }, 'journals of other processes not reached');
      return otherwise;
    }
  };

  return {
    away: false,
    async look(callId): Promise<Known> {
      const facts = held.get(callId);
      if (facts !== undefined) return { state: 'running', holder: 'here', facts };
      const answer = ended.get(callId);
      if (answer !== undefined) return { state: 'ended', answer };
      const left = await orElse(outbox.find(callId), undefined);
      return left === undefined ? { state: 'unknown' } : { state: 'running', ...left };
    },
    running: (max) => Promise.resolve([...held.values()].slice(0, max)),
    async take(facts) {
      const { callId } = facts;
      if (held.has(callId)) return { entries: outbox.entries(callId) };
      if (ended.get(callId) !== undefined) throw new Failure('STREAM_DUPLICATE', 'the call has already ended');
      held.set(callId, facts);
      const adopted = orElse<readonly Entry[]>(outbox.adopt(callId), []).finally(() => adopting.delete(callId));
      adopting.set(callId, adopted);
      return { entries: await adopted };
    },
    async takeLeft(facts) {
      const { callId } = facts;
      if (held.has(callId) || ended.get(callId) !== undefined) return undefined;
      const entries = await outbox.adopt(callId);
      if (entries.length === 0) return undefined;
      held.set(callId, facts);
      return entries;
    },
    // The journal is all there is.
    append: () => undefined,
    async release(callId) {
      await adopting.get(callId);
      held.delete(callId);
      await orElse(outbox.release(callId), undefined);
    },
    async end(callId, answer) {
      ended.note(callId, answer);
      if (held.delete(callId)) return;
      await orElse(outbox.adopt(callId), []);
      outbox.settle(callId);
    },
    leaves: () => undefined,
    // Whoever restarts on this disk comes too late for a provider that asks at once.
    neighbours: () => Promise.resolve(0),
    whereabouts: {
      isFenced: () => Promise.resolve('no'),
      judge: () => Promise.resolve('unknown'),
      orphaned: (callId, facts) => handlers.orphaned(callId, facts),
      published: () => undefined,
    },
    close: () => Promise.resolve(),
  };
}
