/** Keeps each call's journal until its record is published: the transcript is on disk before it is anywhere else. */
import { mkdirSync } from 'node:fs';
import { appendFile, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asFailure, type Backoff, backoffMs, type Cancel, type Clock, Failure, type Ids } from '../lib/index.ts';
import { checkedCallId } from './call-id.ts';
import type { Entry } from './entry.ts';
import {
  type Journal,
  type JournalContent,
  lineOf,
  openJournal,
  PRIVATE_FILE,
  PRIVATE_FOLDER,
  readJournal,
} from './journal.ts';
import { ifThere, moved, orphans } from './orphans.ts';
import type { Owners } from './owners.ts';
import type { CallRecord } from './record.ts';
import { recordFrom } from './record-from.ts';

export interface OutboxOptions {
  /** Holds a folder of journals for each process, and `corrupt/`. */
  readonly folder: string;
  readonly owners: Owners;
  /** Hands the record on; what it was handed twice must have one effect. */
  readonly publish: (record: CallRecord) => Promise<void>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: OutboxLog;
  readonly metrics: { readonly journalErrors: { inc(): void } };
}

/** What is used of a logger; structural, so that `transcript` depends on `lib` alone. */
export interface OutboxLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Outbox {
  /** The journal of a call that begins, or goes on. Opening it again is harmless. */
  open(callId: string): Journal;
  /** The call has ended, and its journal with it: makes the record and publishes it, again and again until that succeeds. */
  settle(callId: string): void;
  /** Settles what dead processes left, now and from time to time. Resolves when the first round is queued. */
  recover(): Promise<void>;
  /** Whether all that is settled was published within `limitMs`. What was not is safe on disk. */
  idle(limitMs: number): Promise<boolean>;
  close(): void;
}

/** A queue that restarts is back in seconds; one that is away for long is asked once a minute, without end. */
const RETRY: Backoff = { firstMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 };
/** As long as a process in another container takes to be known as dead. */
const SWEEP_MS = 30_000;
/** Ended calls whose entries only memory has, because neither the disk nor the queue took them. */
const MAX_HELD_CALLS = 1_000;

export function createOutbox(options: OutboxOptions): Outbox {
  return new FolderOutbox(options);
}

const JOURNAL_ENDING = '.jsonl';
/** Where journals lie that people must look at. */
const CORRUPT = 'corrupt';
/** The queue takes a call once: which of the two records it has depends on who came first. */
const REWRITTEN = 'its file had vanished: another process may have published a part of the call before this whole';

interface Settled {
  readonly journal: Journal | undefined;
}

class FolderOutbox implements Outbox {
  readonly #options: OutboxOptions;
  readonly #own: string;
  readonly #live = new Map<string, Journal>();
  /** Ended calls, oldest first; those with a journal of this process still have what the disk did not take. */
  readonly #settled = new Map<string, Settled>();
  readonly #idleWaiters = new Set<() => void>();
  /** Rounds in a row in which something was not published. */
  #failedRounds = 0;
  #publishing = false;
  #closed = false;
  #cancelRetry: Cancel = () => undefined;
  #cancelSweep: Cancel = () => undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#own = join(options.folder, options.owners.id);
    this.#makeFolder();
  }

  open(callId: string): Journal {
    const live = this.#live.get(checkedCallId(callId));
    if (live !== undefined) return live;
    if (this.#settled.has(callId))
      throw new Failure('JOURNAL_WRITE', 'the call has ended, and its record is under way');
    const { logger, metrics } = this.#options;
    this.#makeFolder();
    const journal = openJournal(this.#pathOf(callId), {
      failed: (failure, unwritten) => {
        metrics.journalErrors.inc();
        if (unwritten <= 1) logger.error({ callId, err: failure }, 'journal not written, kept in memory');
      },
    });
    this.#live.set(callId, journal);
    return journal;
  }

  settle(callId: string): void {
    const journal = this.#live.get(callId);
    if (journal === undefined) return;
    this.#live.delete(callId);
    this.#settled.set(callId, { journal });
    // At once, however many wait before it: open files are few.
    void journal.finish();
    this.#boundHeld();
    void this.#publishAll();
  }

  async recover(): Promise<void> {
    this.#cancelSweep();
    this.#cancelSweep = this.#options.clock.every(SWEEP_MS, () => void this.#sweep());
    await this.#sweep();
  }

  async idle(limitMs: number): Promise<boolean> {
    if (this.#settled.size === 0) return true;
    return new Promise((resolve) => {
      const done = (all: boolean) => {
        cancel();
        this.#idleWaiters.delete(allDone);
        resolve(all);
      };
      const allDone = () => done(true);
      const cancel = this.#options.clock.after(limitMs, () => done(false));
      this.#idleWaiters.add(allDone);
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#cancelSweep();
  }

  /** One after the other, each of them once; also those that are settled meanwhile. What fails waits for the next round. */
  async #publishAll(): Promise<void> {
    if (this.#publishing || this.#closed) return;
    this.#publishing = true;
    this.#cancelRetry();
    const failed: { readonly callId: string; readonly err: unknown }[] = [];
    for (const [callId, settled] of this.#settled) {
      if (this.#closed) break;
      try {
        await this.#publish(callId, settled);
        this.#settled.delete(callId);
      } catch (err) {
        failed.push({ callId, err });
      }
    }
    this.#publishing = false;
    if (failed[0] === undefined) this.#failedRounds = 0;
    else this.#retryLater({ ...failed[0], waiting: failed.length });
    if (this.#settled.size === 0) for (const waiter of this.#idleWaiters) waiter();
  }

  #retryLater(first: { readonly callId: string; readonly err: unknown; readonly waiting: number }): void {
    const { clock, ids, logger } = this.#options;
    this.#failedRounds++;
    const delayMs = backoffMs(RETRY, this.#failedRounds, ids.fraction());
    const level = this.#failedRounds === 1 ? 'error' : 'warn';
    logger[level]({ ...first, delayMs }, 'record not published, kept on disk');
    if (!this.#closed) this.#cancelRetry = clock.after(delayMs, () => void this.#publishAll());
  }

  /** Resolves when nothing more is to be done for this call; rejects when it is to be tried again. */
  async #publish(callId: string, { journal }: Settled): Promise<void> {
    const { publish, logger } = this.#options;
    await journal?.finish();
    const unwritten = journal?.unwritten ?? [];
    const onDisk = await readIfAny(this.#pathOf(callId));
    if (onDisk === undefined && unwritten.length === 0) {
      // It was whole when it was closed: whoever took it publishes it.
      logger.error({ callId }, 'journal of an ended call is gone: removed, or taken by another process');
      return;
    }
    const entries = [...(onDisk?.entries ?? []), ...unwritten];
    const damagedLines = onDisk?.damagedLines ?? 0;
    const lostEntries = journal?.lost ?? 0;
    try {
      await publish(recordFrom(entries, { damagedLines, lostEntries }));
    } catch (error) {
      if (!(error instanceof Failure) || error.retryable) throw error;
      return this.#setAside(callId, unwritten, error.message);
    }
    if (damagedLines > 0) return this.#setAside(callId, unwritten, 'some of its lines are damaged');
    if (journal?.rewritten) return this.#setAside(callId, unwritten, REWRITTEN);
    await rm(this.#pathOf(callId), { force: true });
    logger.info({ callId, entries: entries.length, lostEntries }, 'record published');
  }

  /** What is not whole, or not known to have arrived, is for people to look at, never for us to delete. */
  async #setAside(
    callId: string,
    unwritten: readonly Entry[],
    why: string,
    path = this.#pathOf(callId),
  ): Promise<void> {
    const { folder, clock, logger, metrics } = this.#options;
    metrics.journalErrors.inc();
    const aside = join(folder, CORRUPT, `${callId}.${Math.round(clock.nowMs())}${JOURNAL_ENDING}`);
    await mkdir(join(folder, CORRUPT), { recursive: true, mode: PRIVATE_FOLDER });
    await moved(path, aside);
    // On a line of their own: the last one may be torn.
    if (unwritten.length > 0) await appendFile(aside, `\n${unwritten.map(lineOf).join('')}`, { mode: PRIVATE_FILE });
    logger.error({ callId, path: aside, why }, 'journal set aside');
  }

  async #sweep(): Promise<void> {
    const { folder, owners, logger } = this.#options;
    this.#makeFolder();
    try {
      for await (const { name, path } of orphans(folder, owners)) {
        const callId = basename(name, JOURNAL_ENDING);
        if (this.#live.has(callId) || this.#settled.has(callId)) {
          // The call went on here before its first process was known to be dead: the two halves need a person.
          await this.#setAside(callId, [], 'the call went on in this process', path);
        } else if (await moved(path, this.#pathOf(callId))) {
          this.#settled.set(callId, { journal: undefined });
          logger.warn({ callId }, 'journal of a dead process recovered');
        }
      }
    } catch (error) {
      logger.error({ err: asFailure(error, 'JOURNAL_WRITE') }, 'orphaned journals not recovered');
    }
    void this.#publishAll();
  }

  #makeFolder(): void {
    try {
      mkdirSync(this.#own, { recursive: true, mode: PRIVATE_FOLDER });
    } catch (error) {
      // Journals will say so again, entry by entry, and keep them in memory.
      this.#options.logger.error({ err: asFailure(error, 'JOURNAL_WRITE') }, 'no folder for journals');
    }
  }

  #boundHeld(): void {
    const held = [...this.#settled].filter(([, { journal }]) => (journal?.unwritten.length ?? 0) > 0);
    if (held.length <= MAX_HELD_CALLS) return;
    const [callId] = held[0]!;
    this.#settled.delete(callId);
    this.#options.metrics.journalErrors.inc();
    this.#options.logger.error({ callId }, 'record given up: neither disk nor queue took it');
  }

  #pathOf(callId: string): string {
    return join(this.#own, callId + JOURNAL_ENDING);
  }
}

/** undefined: there is no such file. */
async function readIfAny(path: string): Promise<JournalContent | undefined> {
  let content: JournalContent | undefined;
  await ifThere(
    readJournal(path).then((read) => {
      content = read;
    }),
  );
  return content;
}
