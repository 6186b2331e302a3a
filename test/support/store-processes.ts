/** Processes that share running calls, in one process: each with its journals, its store, and what it was told. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallStore, type CallStoreHandlers, createLocalCallStore } from '../../src/cluster/index.ts';
import { type Clock, systemIds } from '../../src/lib/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import {
  beginTranscript,
  type CallRecord,
  type CallTranscript,
  createOutbox,
  type Entry,
  type Outbox,
  openOwners,
} from '../../src/transcript/index.ts';
import { callFacts } from '../unit/transcript/given.ts';
import { ManualClock } from './manual-clock.ts';

export interface StoreProcess {
  readonly store: CallStore;
  readonly outbox: Outbox;
  /** `taken CA1`, `orphaned CA1` */
  readonly told: string[];
  /** Takes the call, and goes on with its transcript; answers it when nobody has. */
  begin(callId: string): Promise<{ transcript: CallTranscript; earlier: readonly Entry[] }>;
  /** Ends without a word. */
  die(): Promise<void>;
}

export interface StoreDriver {
  readonly clock: Clock;
  /** What was published, by whichever process. */
  readonly records: CallRecord[];
  start(): Promise<StoreProcess>;
  /** Lets time pass: the hand-wound clock's, or real time where a server keeps it. */
  pass(): Promise<void>;
  stop(): Promise<void>;
}

export interface StoreParts {
  readonly outbox: Outbox;
  readonly handlers: CallStoreHandlers;
  readonly clock: Clock;
  readonly metrics: ReturnType<typeof createMetrics>;
}

export interface OpenStore {
  readonly store: CallStore;
  die(): Promise<void>;
}

export async function startStoreProcess(
  options: {
    readonly folder: string;
    readonly clock: Clock;
    readonly publish: (record: CallRecord) => Promise<void>;
  },
  openStore: (parts: StoreParts) => Promise<OpenStore>,
): Promise<StoreProcess> {
  const { folder, clock, publish } = options;
  const told: string[] = [];
  const logger = createLogger({ level: 'silent' });
  const metrics = createMetrics();
  const owners = openOwners({ folder: join(folder, 'processes'), clock, ids: systemIds });
  const journals = join(folder, 'journals');
  const outbox = createOutbox({ folder: journals, owners, publish, clock, ids: systemIds, logger, metrics });
  const handlers: CallStoreHandlers = {
    taken: (callId) => told.push(`taken ${callId}`),
    orphaned: (callId) => told.push(`orphaned ${callId}`),
  };
  const { store, die } = await openStore({ outbox, handlers, clock, metrics });
  await outbox.recover(store.whereabouts);
  return {
    store,
    outbox,
    told,
    async begin(callId) {
      const call = callFacts(callId);
      const { entries: earlier } = await store.take(call);
      const mirror = (id: string, entry: Entry) => store.append(id, entry);
      const transcript = beginTranscript({ call, clock, outbox, earlier, mirror });
      transcript.collector.answered(clock.nowMs());
      return { transcript, earlier };
    },
    async die() {
      outbox.close();
      await die();
      owners.close();
    },
  };
}

/** All processes on one disk, without Redis. */
export async function diskDriver(): Promise<StoreDriver> {
  const folder = await mkdtemp(join(tmpdir(), 'callbridge-store-'));
  const clock = new ManualClock();
  const records: CallRecord[] = [];
  const living = new Set<StoreProcess>();
  const publish = async (record: CallRecord) => {
    if (!records.some(({ callId }) => callId === record.callId)) records.push(record);
  };
  return {
    clock,
    records,
    async start() {
      const started = await startStoreProcess({ folder, clock, publish }, async (parts) => {
        const store = createLocalCallStore({ ...parts, logger: createLogger({ level: 'silent' }) });
        return { store, die: () => store.close() };
      });
      living.add(started);
      return {
        ...started,
        async die() {
          living.delete(started);
          await started.die();
        },
      };
    },
    pass: () => clock.advance(1_000),
    async stop() {
      for (const process of living) await process.die();
      await rm(folder, { recursive: true });
    },
  };
}
