/** Processes that share running calls, in one process: each with its journals, its store, and what it was told. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type CallStore, openCluster, STORE_TIMES, type StoreTimes } from '../../src/cluster/index.ts';
import { type Cancel, type Clock, systemClock, systemIds } from '../../src/lib/index.ts';
import { connectRedis } from '../../src/redis/index.ts';
import { createLogger, createMetrics, type Metrics } from '../../src/telemetry/index.ts';
import {
  beginTranscript,
  type CallFacts,
  type CallRecord,
  type CallTranscript,
  createOutbox,
  type Entry,
  type Outbox,
  openOwners,
} from '../../src/transcript/index.ts';
import { callFacts } from '../unit/transcript/given.ts';
import { ManualClock } from './manual-clock.ts';
import type { TestRedis } from './redis.ts';

export interface StoreProcess {
  readonly store: CallStore;
  readonly outbox: Outbox;
  /** `taken CA1`, `orphaned CA1` */
  readonly told: string[];
  /** Takes the call, and goes on with its transcript; answers it when nobody has. */
  begin(callId: string): Promise<{ transcript: CallTranscript; earlier: readonly Entry[] }>;
  /** The same for a call that rang here: it is answered without waiting for the store. */
  answer(callId: string): CallTranscript;
  readonly metrics: Metrics;
  /** Ends without a word. */
  die(): void;
  /** Closes what a process leaves open in one that lives on: its connections. */
  bury(): Promise<void>;
}

export interface StoreDriver {
  readonly clock: Clock;
  /** What was published, by whichever process. */
  readonly records: CallRecord[];
  start(): Promise<StoreProcess>;
  /** Whether all that the process wrote of the call is where the others find it. */
  shared(process: StoreProcess, callId: string): Promise<boolean>;
  /** Lets time pass: the hand-wound clock's, or real time where a server keeps it. */
  pass(): Promise<void>;
  stop(): Promise<void>;
}

/** A clock whose timers all stop at once, as those of a killed process do. */
export function mortal(clock: Clock): { clock: Clock; stop(): void } {
  const armed = new Set<Cancel>();
  const kept = (cancel: Cancel): Cancel => {
    armed.add(cancel);
    return cancel;
  };
  return {
    clock: {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs(),
      after: (delayMs, run) => kept(clock.after(delayMs, run)),
      every: (periodMs, run) => kept(clock.every(periodMs, run)),
    },
    stop() {
      for (const cancel of armed) cancel();
    },
  };
}

export interface StoreProcessOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly publish: (record: CallRecord) => Promise<void>;
  readonly redisUrl?: string | undefined;
  readonly times?: StoreTimes;
}

export async function startStoreProcess(options: StoreProcessOptions): Promise<StoreProcess> {
  const { folder, publish, redisUrl, times = STORE_TIMES } = options;
  const { clock, stop } = mortal(options.clock);
  const told: string[] = [];
  const logger = createLogger({ level: 'silent' });
  const metrics = createMetrics();
  const owners = openOwners({ folder: join(folder, 'processes'), clock, ids: systemIds });
  const journals = join(folder, 'journals');
  const outbox = createOutbox({ folder: journals, owners, publish, clock, ids: systemIds, logger, metrics });
  const cluster = await openCluster({
    redisUrl,
    processId: owners.id,
    outbox,
    clock,
    logger,
    metrics,
    ownNonces: { claim: () => true },
    lostAnswer: 'lost',
    times,
    handlers: {
      taken: (callId) => told.push(`taken ${callId}`),
      orphaned: (callId) => told.push(`orphaned ${callId}`),
    },
  });
  const { store } = cluster;
  await outbox.recover(store.whereabouts);
  const transcriptOf = (call: CallFacts, earlier: readonly Entry[]): CallTranscript => {
    const mirror = (id: string, entry: Entry) => store.append(id, entry);
    const transcript = beginTranscript({ call, clock, outbox, earlier, mirror });
    transcript.collector.answered(clock.nowMs());
    return transcript;
  };
  return {
    store,
    outbox,
    told,
    metrics,
    async begin(callId) {
      const call = callFacts(callId);
      const { entries: earlier } = await store.take(call);
      return { transcript: transcriptOf(call, earlier), earlier };
    },
    answer(callId) {
      const call = callFacts(callId);
      void store.take(call);
      return transcriptOf(call, []);
    },
    die() {
      stop();
      outbox.close();
      owners.close();
    },
    bury: () => cluster.close(),
  };
}

interface DriverOptions {
  readonly shared?: StoreDriver['shared'];
  readonly clock: Clock;
  readonly pass: () => Promise<void>;
  readonly redisUrl?: string;
  readonly times?: StoreTimes;
  /** Whether each process has a disk of its own, as in a container. */
  readonly ownDisks: boolean;
  readonly stopRedis?: () => Promise<void>;
}

/** What is on the disk is there for all. */
const onDisk = () => Promise.resolve(true);

async function driverOf({
  ownDisks,
  pass,
  shared = onDisk,
  stopRedis,
  ...options
}: DriverOptions): Promise<StoreDriver> {
  const folder = await mkdtemp(join(tmpdir(), 'callbridge-store-'));
  const records: CallRecord[] = [];
  const all: StoreProcess[] = [];
  // As a queue does: what it was handed twice has one effect.
  const publish = async (record: CallRecord) => {
    if (!records.some(({ callId }) => callId === record.callId)) records.push(record);
  };
  return {
    clock: options.clock,
    records,
    async start() {
      const disk = ownDisks ? join(folder, `${all.length}`) : folder;
      const started = await startStoreProcess({ ...options, folder: disk, publish });
      all.push(started);
      return started;
    },
    pass,
    shared,
    async stop() {
      for (const process of all) {
        process.die();
        await process.bury();
      }
      await stopRedis?.();
      await rm(folder, { recursive: true });
    },
  };
}

/** All processes on one disk, without Redis. */
export function diskDriver(): Promise<StoreDriver> {
  const clock = new ManualClock();
  return driverOf({ clock, ownDisks: false, pass: () => clock.advance(1_000) });
}

/** Redis keeps the time, so that it is real; as quick as a busy machine lets it be. */
export const QUICK_TIMES: StoreTimes = { beatMs: 30, leaseMs: 400, orphanMs: 1_000, endedMs: 60_000 };

/** Each process with a disk of its own: what they share is Redis alone. */
export async function redisDriver(start: () => Promise<TestRedis>): Promise<StoreDriver> {
  const redis = await start();
  const pass = () => setTimeout(5);
  const connection = connectRedis(redis.url, {});
  const shared = async (process: StoreProcess, callId: string): Promise<boolean> =>
    (await connection.llen(`callbridge:entries:${callId}`)) === process.outbox.entries(callId).length;
  const stopRedis = async () => {
    connection.disconnect();
    await redis.stop();
  };
  const times = QUICK_TIMES;
  return driverOf({ clock: systemClock, ownDisks: true, pass, shared, redisUrl: redis.url, times, stopRedis });
}
