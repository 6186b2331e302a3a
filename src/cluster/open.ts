/** All that the processes of one service share: over Redis where there is one, else over this process and its disk. */
import type { Clock } from '../lib/index.ts';
import { connectRedis } from '../redis/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { Outbox } from '../transcript/index.ts';
import { defineCallScripts } from './call-scripts.ts';
import type { CallStore, CallStoreHandlers } from './call-store.ts';
import { createLocalCallStore } from './local-call-store.ts';
import { createLocalNotes, type Notes } from './notes.ts';
import { openRedisCallStore } from './redis-call-store.ts';
import { RedisLink } from './redis-link.ts';
import { createRedisNonces, type SharedNonces } from './redis-nonces.ts';
import { createRedisNotes } from './redis-notes.ts';
import { createRedisSlots } from './redis-slots.ts';
import { createLocalSlots, type Slots } from './slots.ts';
import { STORE_TIMES, type StoreTimes } from './store-times.ts';

export interface ClusterOptions {
  readonly redisUrl: string | undefined;
  /** Not the id of any process that was: `Owners.id`. */
  readonly processId: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'storeErrors'>;
  /** Tokens that this process has let in. */
  readonly ownNonces: { claim(nonce: string, untilMs: number): boolean };
  /** What is told of a call whose process died, and that nobody took up in time. */
  readonly lostAnswer: string;
  readonly handlers: CallStoreHandlers;
  readonly times?: StoreTimes;
}

export interface Cluster {
  readonly store: CallStore;
  readonly slots: Slots;
  readonly nonces: SharedNonces;
  readonly notes: Notes;
  /** After the last call. */
  close(): Promise<void>;
}

/** Half a lease: a try that gets no answer, as one that began before Redis was back, delays the first beat no longer. */
const CONNECT_TIMEOUT_MS = 1_500;

/** Resolves also when Redis is away: it is then used as soon as it is back. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { redisUrl, processId, clock, logger, metrics, ownNonces, times = STORE_TIMES } = options;
  if (redisUrl === undefined) {
    const store = createLocalCallStore(options);
    return {
      store,
      slots: createLocalSlots(),
      nonces: { claim: (nonce, untilMs) => Promise.resolve(ownNonces.claim(nonce, untilMs)) },
      notes: createLocalNotes(clock),
      close: () => store.close(),
    };
  }
  // After an outage all must be back before any of them judges who is dead; what a Redis that loads says of its end is a guess.
  const retryMs = times.beatMs / 2;
  // What cannot be told now is queued where it can be looked through, not in the connection.
  const redis = connectRedis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: () => retryMs,
    maxLoadingRetryTime: retryMs,
  });
  const link = new RedisLink({ redis, clock, logger, metrics });
  const scripts = defineCallScripts(redis);
  const slots = createRedisSlots({ link, redis, processId, clock });
  const store = await openRedisCallStore({ ...options, link, scripts, times });
  return {
    store,
    slots,
    nonces: createRedisNonces({ link, clock, own: ownNonces }),
    notes: createRedisNotes({ link, clock }),
    async close() {
      await slots.close();
      await store.close();
      redis.disconnect();
    },
  };
}
