/** Keeps each call's journal until its record is published: the transcript is on disk before it is anywhere else. */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asFailure, type Cancel, type Clock, Failure, type Ids } from '../lib/index.ts';
import { setAside } from './aside.ts';
import { checkedCallId } from './call-id.ts';
import type { CallFacts, Entry } from './entry.ts';
import { HeldJournals, LACKING, leftToOther } from './held-journals.ts';
import {
  JOURNAL_ENDING,
  type Journal,
  mendJournal,
  openJournal,
  PRIVATE_FOLDER,
  readJournal,
  readJournalIfAny,
} from './journal.ts';
import { callIdOf, factsOf, findJournal, HELD_ENDING, mayGoOn } from './left-journal.ts';
import { moved, type Orphan, orphans } from './orphans.ts';
import type { Owners } from './owners.ts';
import { Publisher, type PublisherLog } from './publisher.ts';
import type { CallRecord } from './record.ts';
import type { Transfer } from './transfer.ts';
import { NOWHERE, type Whereabouts } from './whereabouts.ts';

export interface OutboxOptions {
  /** Holds a folder of journals for each process, and `corrupt/`. */
  readonly folder: string;
  readonly owners: Owners;
  /** Hands the record on; what it was handed twice must have one effect. */
  readonly publish: (record: CallRecord) => Promise<void>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: PublisherLog;
  readonly metrics: { readonly journalErrors: { inc(): void } };
}

export interface LeftCall {
  readonly facts: CallFacts;
  readonly holder: 'elsewhere' | 'dead' | 'none';
  /** The caller was put through to somebody else, and is not back. */
  readonly transfer?: Transfer | undefined;
}

export interface Outbox {
  /**
   * The journal of a call that begins, or goes on with what an earlier holder wrote. Opening it again is harmless.
   */
  open(callId: string, earlier?: readonly Entry[]): Journal;
  /** The call has ended, and its journal with it: makes the record and publishes it, again and again until that succeeds. */
  settle(callId: string): void;
  /** What the open journal of a running call holds: its first entry and the newest. */
  entries(callId: string): readonly Entry[];
  /** What other processes of this disk have, or left, of a call that has not ended. */
  find(callId: string): Promise<LeftCall | undefined>;
  /** Takes over the journal that another process left; gives its entries. Empty: there is none, somebody was faster, or the call goes on here already. */
  adopt(callId: string): Promise<readonly Entry[]>;
  /** The call goes on, and whoever adopts its journal has it; settled as any other when nobody does. */
  release(callId: string): Promise<void>;
  /** The call's record is another process's to make, without this journal; `lacking`: which has more than that one will know. */
  discard(callId: string, lacking?: 'lacking'): Promise<void>;
  /**
   * Settles what dead processes left, now and from time to time. Resolves when the first round is queued. With
   * `whereabouts`, calls that may go on are held for a while, so that they can be adopted.
   */
  recover(whereabouts?: Whereabouts): Promise<void>;
  /** Whether all that is settled was published within `limitMs`. What was not is safe on disk. */
  idle(limitMs: number): Promise<boolean>;
  close(): void;
}

/** As long as a process in another container takes to be known as dead. */
const SWEEP_MS = 30_000;
/** Callers wait: whether a neighbour on this machine died is a look at a few files. */
const QUICK_SWEEP_MS = 1_000;

export function createOutbox(options: OutboxOptions): Outbox {
  return new FolderOutbox(options);
}

class FolderOutbox implements Outbox {
  readonly #options: OutboxOptions;
  readonly #own: string;
  readonly #live = new Map<string, Journal>();
  /** Calls whose journals were taken over, and are not opened yet. */
  readonly #adopted = new Set<string>();
  readonly #publisher: Publisher;
  readonly #held: HeldJournals;
  #whereabouts = NOWHERE;
  #sweeping = false;
  #cancelSweep: Cancel = () => undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#own = join(options.folder, options.owners.id);
    const pathOf = (callId: string) => this.#pathOf(callId);
    this.#publisher = new Publisher({
      ...options,
      pathOf,
      isFenced: (callId, seen) => this.#whereabouts.isFenced(callId, seen),
      published: (callId) => this.#whereabouts.published(callId),
    });
    this.#held = new HeldJournals({ ...options, pathOf, settle: (callId) => this.#publisher.add(callId, {}) });
    this.#makeFolder();
  }

  open(callId: string, earlier: readonly Entry[] = []): Journal {
    const live = this.#live.get(checkedCallId(callId));
    if (live !== undefined) return live;
    if (this.#publisher.has(callId)) {
      throw new Failure('JOURNAL_WRITE', 'the call has ended, and its record is under way');
    }
    const { logger, metrics } = this.#options;
    this.#makeFolder();
    const handlers = {
      failed: (failure: Failure, unwritten: number) => {
        metrics.journalErrors.inc();
        if (unwritten <= 1) logger.error({ callId, err: failure }, 'journal not written, kept in memory');
      },
    };
    const onDisk = this.#adopted.delete(callId);
    const journal = openJournal(this.#pathOf(callId), handlers, { entries: earlier, onDisk });
    this.#live.set(callId, journal);
    return journal;
  }

  settle(callId: string): void {
    const journal = this.#live.get(callId);
    if (journal === undefined && !this.#adopted.delete(callId)) return;
    this.#live.delete(callId);
    this.#publisher.add(callId, { journal });
    void this.#publisher.publishAll();
  }

  entries(callId: string): readonly Entry[] {
    return this.#live.get(callId)?.kept ?? [];
  }

  async find(callId: string): Promise<LeftCall | undefined> {
    const { folder, owners } = this.#options;
    const found = await findJournal(folder, owners, checkedCallId(callId));
    if (found === undefined) return undefined;
    const { facts, transfer, state } = found;
    return { facts, holder: HOLDERS[state], ...(transfer && { transfer }) };
  }

  async adopt(callId: string): Promise<readonly Entry[]> {
    // The sweep of this process moves it once, at any time, perhaps to where was just looked.
    return (await this.#adoptIfThere(callId)) ?? (await this.#adoptIfThere(callId)) ?? [];
  }

  /** undefined: there is none, or it was moved meanwhile. */
  async #adoptIfThere(callId: string): Promise<readonly Entry[] | undefined> {
    const { folder, owners, logger } = this.#options;
    const found = await findJournal(folder, owners, checkedCallId(callId));
    if (found === undefined) return undefined;
    if (found.state === 'running' || this.#live.has(callId)) return [];
    const path = this.#pathOf(callId);
    if (!(await moved(found.path, path))) return undefined;
    this.#adopted.add(callId);
    await mendJournal(path);
    const { entries } = await readJournal(path);
    logger.info({ callId, entries: entries.length }, 'journal of another process taken over');
    return entries;
  }

  async release(callId: string): Promise<void> {
    await this.#finish(callId);
    const path = join(this.#own, callId + HELD_ENDING);
    if (await moved(this.#pathOf(callId), path)) this.#held.add(callId, path);
  }

  async discard(callId: string, lacking?: 'lacking'): Promise<void> {
    const journal = this.#live.get(callId);
    await this.#finish(callId);
    const unwritten = journal?.unwritten ?? [];
    const path = this.#pathOf(callId);
    if (lacking === undefined) await rm(path, { force: true });
    else await setAside(this.#options, { callId, path, unwritten, why: LACKING });
  }

  async recover(whereabouts?: Whereabouts): Promise<void> {
    this.#whereabouts = whereabouts ?? NOWHERE;
    this.#cancelSweep();
    const periodMs = whereabouts === undefined ? SWEEP_MS : QUICK_SWEEP_MS;
    this.#cancelSweep = this.#options.clock.every(periodMs, () => void this.#sweep());
    await this.#sweep();
  }

  idle(limitMs: number): Promise<boolean> {
    return this.#publisher.idle(limitMs);
  }

  close(): void {
    this.#publisher.close();
    this.#cancelSweep();
  }

  async #finish(callId: string): Promise<void> {
    const journal = this.#live.get(callId);
    this.#live.delete(callId);
    this.#adopted.delete(callId);
    await journal?.finish();
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const { folder, owners, logger } = this.#options;
    this.#makeFolder();
    try {
      for await (const orphan of orphans(folder, owners)) await this.#recoverOne(orphan);
      await this.#held.settleDue(this.#whereabouts);
    } catch (error) {
      logger.error({ err: asFailure(error, 'JOURNAL_WRITE') }, 'orphaned journals not recovered');
    }
    this.#sweeping = false;
    void this.#publisher.publishAll();
  }

  async #recoverOne({ owner, name, path }: Orphan): Promise<void> {
    const { logger, clock } = this.#options;
    const callId = callIdOf(name);
    const content = await readJournalIfAny(path);
    if (content === undefined) return;
    if (content.empty) {
      // Entries are told to others once they are written: nothing is lost with it, and a person would see nothing in it.
      await rm(path, { force: true });
      logger.warn({ callId }, 'empty journal of a dead process removed: it was killed before the first line');
      return;
    }
    const resumable = this.#whereabouts !== NOWHERE && mayGoOn(content.entries, clock.nowMs());
    const seen = { entries: content.entries, deadOwner: owner };
    const judged = resumable ? await this.#whereabouts.judge(callId, seen) : 'unknown';
    if (await leftToOther(this.#options, { callId, path, judged })) return;
    if (this.#live.has(callId) || this.#publisher.has(callId)) {
      // The call went on here before its first process was known to be dead: the two halves need a person.
      await setAside(this.#options, { callId, path, why: 'the call went on in this process' });
    } else if (resumable) {
      const held = join(this.#own, callId + HELD_ENDING);
      if (!(await moved(path, held))) return;
      this.#held.add(callId, held);
      logger.warn({ callId }, 'journal of a dead process held: its call may go on');
      this.#whereabouts.orphaned(callId, factsOf(content.entries)!);
    } else if (await moved(path, this.#pathOf(callId))) {
      this.#publisher.add(callId, { deadOwner: owner });
      logger.warn({ callId }, 'journal of a dead process recovered');
    }
  }

  #makeFolder(): void {
    try {
      mkdirSync(this.#own, { recursive: true, mode: PRIVATE_FOLDER });
    } catch (error) {
      // Journals will say so again, entry by entry, and keep them in memory.
      this.#options.logger.error({ err: asFailure(error, 'JOURNAL_WRITE') }, 'no folder for journals');
    }
  }

  #pathOf(callId: string): string {
    return join(this.#own, callId + JOURNAL_ENDING);
  }
}

const HOLDERS = { running: 'elsewhere', free: 'dead', held: 'none' } as const;
