/** Publishes the records of ended calls, again and again until each is taken; only then are their journals removed. */
import { rm } from 'node:fs/promises';
import { asFailure, type Backoff, backoffMs, type Cancel, Failure, type Ids } from '../lib/index.ts';
import { type AsideOptions, setAside } from './aside.ts';
import { LACKING } from './held-journals.ts';
import { type Journal, readJournalIfAny } from './journal.ts';
import type { CallRecord } from './record.ts';
import { recordFrom } from './record-from.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface PublisherOptions extends AsideOptions {
  readonly ids: Ids;
  readonly logger: PublisherLog;
  readonly pathOf: (callId: string) => string;
  readonly publish: (record: CallRecord) => Promise<void>;
  readonly isFenced: Whereabouts['isFenced'];
  /** The record is where it should be, or nobody's any more. */
  readonly published: (callId: string) => void;
}

export interface Settled {
  /** When it is one that this process wrote. */
  readonly journal?: Journal | undefined;
  /** Of one that was found here: the process that wrote it. */
  readonly deadOwner?: string;
}

/** What is used of a logger; structural, so that `transcript` depends on `lib` alone. */
export interface PublisherLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A queue that restarts is back in seconds; one that is away for long is asked once a minute, without end. */
const RETRY: Backoff = { firstMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 };
/** Ended calls whose entries only memory has, because neither the disk nor the queue took them. */
const MAX_HELD_CALLS = 1_000;
/** The queue takes a call once: which of the two records it has depends on who came first. */
const REWRITTEN = 'its file had vanished: another process may have published a part of the call before this whole';

export class Publisher {
  readonly #options: PublisherOptions;
  /** Ended calls, oldest first; those with a journal of this process still have what the disk did not take. */
  readonly #settled = new Map<string, Settled>();
  readonly #idleWaiters = new Set<() => void>();
  /** Rounds in a row in which something was not published. */
  #failedRounds = 0;
  #publishing = false;
  #closed = false;
  #cancelRetry: Cancel = () => undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  has(callId: string): boolean {
    return this.#settled.has(callId);
  }

  /** Published from the next round on. */
  add(callId: string, settled: Settled): void {
    this.#settled.set(callId, settled);
    // At once, however many wait before it: open files are few.
    void settled.journal?.finish();
    this.#boundHeld();
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
  }

  /** One after the other, each of them once; also those that are settled meanwhile. What fails waits for the next round. */
  async publishAll(): Promise<void> {
    if (this.#publishing || this.#closed) return;
    this.#publishing = true;
    this.#cancelRetry();
    const failed: { readonly callId: string; readonly err: unknown }[] = [];
    for (const [callId, settled] of this.#settled) {
      if (this.#closed) break;
      try {
        await this.#publish(callId, settled);
        this.#settled.delete(callId);
        this.#options.published(callId);
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
    if (!this.#closed) this.#cancelRetry = clock.after(delayMs, () => void this.publishAll());
  }

  /** Resolves when nothing more is to be done for this call; rejects when it is to be tried again. */
  async #publish(callId: string, { journal, deadOwner }: Settled): Promise<void> {
    const { publish, logger, pathOf, isFenced } = this.#options;
    const path = pathOf(callId);
    await journal?.finish();
    const unwritten = journal?.unwritten ?? [];
    const onDisk = await readJournalIfAny(path);
    if (onDisk === undefined && unwritten.length === 0) {
      // It was whole when it was closed: whoever took it publishes it.
      logger.error({ callId }, 'journal of an ended call is gone: removed, or taken by another process');
      return;
    }
    const entries = [...(onDisk?.entries ?? []), ...unwritten];
    const damagedLines = onDisk?.damagedLines ?? 0;
    const lostEntries = journal?.lost ?? 0;
    const aside = (why: string) => setAside(this.#options, { callId, path, unwritten, why });
    const fenced = await isFenced(callId, { entries, deadOwner });
    if (fenced !== 'no') {
      await (fenced === 'lacking' ? aside(LACKING) : this.#remove(callId, path));
      logger.warn({ callId }, 'no record made here: another process took the call');
      return;
    }
    try {
      await publish(recordFrom(entries, { damagedLines, lostEntries }));
    } catch (error) {
      if (!(error instanceof Failure) || error.retryable) throw error;
      return aside(error.message);
    }
    if (damagedLines > 0) return aside('some of its lines are damaged');
    if (journal?.rewritten) return aside(REWRITTEN);
    await this.#remove(callId, path);
    logger.info({ callId, entries: entries.length, lostEntries }, 'record published');
  }

  /** A disk that cannot be written keeps it: the next start asks about it, or publishes it, once more; the queue takes a call once. */
  async #remove(callId: string, path: string): Promise<void> {
    try {
      await rm(path, { force: true });
    } catch (error) {
      this.#options.metrics.journalErrors.inc();
      this.#options.logger.error(
        { callId, err: asFailure(error, 'JOURNAL_WRITE') },
        'journal that is not needed any more not removed',
      );
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
}
