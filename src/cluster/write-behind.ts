/**
 * What this process has to tell Redis of the calls it holds: in order, in batches, again after an outage, and each thing once.
 *
 * Entries are numbered by how many the store has of the call, so that a batch that is sent twice is taken once. What Redis
 * has forgotten, or is too much to queue, is written anew from the journal.
 */
import type { CallFacts, Entry } from '../transcript/index.ts';
import { writtenSchema } from './answers.ts';
import type { CallScripts } from './call-scripts.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreTimes } from './store-times.ts';

/** Minutes of talk. Beyond that the journal is read instead. */
const MAX_PENDING = 500;
/** Some 100 KB: Redis is not held up by one call. */
const BATCH = 200;

/** A call of this process, as the store has it. */
export interface HeldCall {
  readonly facts: CallFacts;
  readonly epoch: number;
  /** How many entries the store has taken. */
  total: number;
  readonly pending: string[];
  /** The store lacks something, and gets the journal. */
  restore: boolean;
  /** The journal has all of the call, or, of one that was taken without what others wrote of it, what this process wrote. */
  readonly journal: 'all' | 'own';
  /** So many entries came from an earlier holder: a journal with fewer is not open yet. */
  readonly earlier: number;
  answer: string | undefined;
  endTold: boolean;
  published: boolean;
  /** Another process has the call, and does not know (`lacking`) or does know what this one said of it. */
  fenced: 'no' | 'whole' | 'lacking';
}

export interface WriteBehindOptions {
  readonly link: RedisLink;
  readonly scripts: CallScripts;
  readonly processId: string;
  readonly times: StoreTimes;
  /** Of the open journal; empty: it is not open. */
  readonly entries: (callId: string) => readonly Entry[];
  /** Another process has the call. */
  readonly lost: (callId: string, call: HeldCall) => void;
}

export class WriteBehind {
  readonly calls = new Map<string, HeldCall>();
  readonly #options: WriteBehindOptions;
  #flushing: Promise<void> | undefined;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
  }

  append(callId: string, entry: Entry): void {
    const call = this.calls.get(callId);
    if (call === undefined || call.fenced !== 'no') return;
    if (call.pending.length >= MAX_PENDING) {
      call.pending.length = 0;
      call.restore = true;
    }
    call.pending.push(JSON.stringify(entry));
    if (!this.#options.link.away) void this.flush();
  }

  /** Redis has forgotten everything, or the last of it. */
  restoreAll(): void {
    for (const call of this.calls.values()) call.restore = true;
  }

  /** Tells all there is to tell; resolves when that is done, or Redis is away. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush();
    return this.#flushing;
  }

  isClean({ pending, restore }: HeldCall): boolean {
    return pending.length === 0 && !restore;
  }

  async #flush(): Promise<void> {
    // So that what is told in one go goes out in one go.
    await undefined;
    try {
      for (let steps = this.#steps(); steps.length > 0; steps = this.#steps()) {
        await Promise.all(steps.map((step) => step()));
      }
    } catch {
      // Counted and told by the link; the next beat that arrives comes back to it.
    } finally {
      this.#flushing = undefined;
    }
  }

  /** One for each call that has something to tell. */
  #steps(): (() => Promise<void>)[] {
    const steps: (() => Promise<void>)[] = [];
    for (const [callId, call] of this.calls) {
      const step = this.#stepOf(callId, call);
      if (step !== undefined) steps.push(step);
    }
    return steps;
  }

  #stepOf(callId: string, call: HeldCall): (() => Promise<void>) | undefined {
    if (call.fenced !== 'no') return undefined;
    if (call.restore) {
      const entries = this.#options.entries(callId);
      if (entries.length > 0 || call.earlier === 0) return () => this.#restore(callId, call, entries);
      // A journal that is to be opened yet, or closed already: then its record is under way.
      if (call.answer === undefined) return undefined;
      call.restore = false;
      call.pending.length = 0;
    }
    if (call.pending.length > 0) return () => this.#append(callId, call);
    if (call.answer !== undefined && !call.endTold) return () => this.#end(callId, call);
    if (call.published && call.total > 0) return () => this.#published(callId, call);
    return undefined;
  }

  async #restore(callId: string, call: HeldCall, entries: readonly Entry[]): Promise<void> {
    const { journal, facts, epoch } = call;
    call.restore = false;
    // The journal has them: it is written first. That the call has ended is no entry, and told again.
    call.pending.length = 0;
    call.endTold = false;
    const { processId, scripts } = this.#options;
    const stored = entries.map((entry) => JSON.stringify(entry));
    try {
      const args = [callId, processId, epoch, JSON.stringify(facts), journal, ...stored];
      const answer = await this.#ask(() => scripts.restore(...args));
      // Whoever has the call now does not have these.
      if (answer[0] === 'fenced') call.restore = true;
      this.#taken(callId, call, answer);
    } catch (error) {
      call.restore = true;
      throw error;
    }
  }

  async #append(callId: string, call: HeldCall): Promise<void> {
    const batch = call.pending.slice(0, BATCH);
    const answer = await this.#ask(() => this.#options.scripts.append(callId, call.epoch, call.total, ...batch));
    // Given up meanwhile, in favour of the whole journal.
    if (call.restore) return;
    if (answer[0] === 'taken') call.pending.splice(0, batch.length);
    this.#taken(callId, call, answer);
  }

  async #end(callId: string, call: HeldCall): Promise<void> {
    const { scripts, processId, times } = this.#options;
    const { epoch, facts, answer = '' } = call;
    const told = await this.#ask(() =>
      scripts.end(callId, processId, epoch, answer, times.endedMs, JSON.stringify(facts)),
    );
    call.endTold = true;
    this.#taken(callId, call, told);
    // Nothing was written of it, so that there will be no record.
    if (call.total === 0) this.calls.delete(callId);
  }

  async #published(callId: string, call: HeldCall): Promise<void> {
    const { scripts, processId, times } = this.#options;
    await this.#ask(() => scripts.published(callId, processId, call.epoch, times.endedMs));
    call.total = 0;
    if (call.endTold) this.calls.delete(callId);
  }

  #taken(callId: string, call: HeldCall, [word, total]: Written): void {
    if (word === 'taken' && total !== undefined) call.total = total;
    if (word === 'unknown') call.restore = true;
    if (word === 'fenced') this.#options.lost(callId, call);
  }

  async #ask(command: () => Promise<unknown>): Promise<Written> {
    const [word, total] = writtenSchema.parse(await this.#options.link.ask(command));
    return [word, total];
  }
}

type Written = readonly [word: 'taken' | 'unknown' | 'fenced', total: number | undefined];
