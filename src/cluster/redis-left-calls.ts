/** Calls in Redis that another process left: who is to go on with them is asked, or their records are made here. */
import { asFailure, type Clock } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { CallFacts, Entry, Outbox } from '../transcript/index.ts';
import { entriesOf, factsFrom, inheritedSchema, lookedSchema } from './answers.ts';
import type { CallScripts } from './call-scripts.ts';
import type { CallStoreHandlers } from './call-store.ts';
import type { Claim } from './membership.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreTimes } from './store-times.ts';
import type { HeldCall } from './write-behind.ts';

/** How a call stands when this process begins to hold it. */
export type Holding = Pick<HeldCall, 'epoch' | 'total' | 'restore' | 'journal' | 'earlier'>;

export interface RedisLeftCallsOptions {
  readonly link: RedisLink;
  readonly scripts: CallScripts;
  readonly processId: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly times: StoreTimes;
  readonly lostAnswer: string;
  readonly handlers: CallStoreHandlers;
  readonly deadBeforeMs: () => number;
  /** This process has the call, or is taking it. */
  readonly isHeld: (callId: string) => boolean;
  readonly hold: (facts: CallFacts, holding: Holding) => void;
  readonly end: (callId: string, answer: string) => Promise<void>;
}

export class RedisLeftCalls {
  readonly #options: RedisLeftCallsOptions;
  /** Orphans that the registry was told of. */
  #told = new Set<string>();
  /** Calls that Redis takes for this process's, and that it does not know of. */
  #strange = new Set<string>();
  readonly #settling = new Set<string>();

  constructor(options: RedisLeftCallsOptions) {
    this.#options = options;
  }

  claimed(claims: readonly Claim[]): void {
    const { times, lostAnswer, logger, handlers } = this.#options;
    const before = this.#told;
    this.#told = new Set();
    for (const { callId, state, facts: stored, sinceMs } of claims) {
      const facts = factsFrom(stored);
      if (facts === undefined || state === 'ended' || sinceMs >= times.orphanMs) {
        void this.settle(callId, lostAnswer);
        continue;
      }
      this.#told.add(callId);
      if (before.has(callId)) continue;
      logger.warn({ callId }, 'the process of a call died');
      handlers.orphaned(callId, facts);
    }
  }

  /** Calls that Redis takes for this process's. At two beats in a row, so that nothing is under way of those that it does not know of. */
  owned(callIds: readonly string[]): void {
    const before = this.#strange;
    this.#strange = new Set(callIds.filter((id) => !this.#options.isHeld(id) && !this.#settling.has(id)));
    for (const callId of this.#strange) if (before.has(callId)) void this.#giveBack(callId);
  }

  /** Redis gave it, by an answer that came too late. It is as free as before: for whoever is asked about it, and then to be settled. */
  async #giveBack(callId: string): Promise<void> {
    const { link, scripts, processId, deadBeforeMs, isHeld, logger } = this.#options;
    try {
      const looked = lookedSchema.safeParse(await link.ask(() => scripts.look(callId, processId, deadBeforeMs())));
      if (!looked.success || isHeld(callId)) return;
      const [state, holder, , answer, epoch] = looked.data;
      if (holder !== 'here') return;
      if (state === 'ended') return await this.settle(callId, answer);
      await link.ask(() => scripts.release(callId, processId, epoch, 0));
      logger.warn({ callId }, 'call let go again, which was given to this process by an answer that came too late');
    } catch {
      // Counted and told by the link; the next beat that arrives comes back to it.
    }
  }

  /** What another process left, and nobody will go on with: its record is made here. */
  async settle(callId: string, answer: string): Promise<void> {
    if (this.#settling.has(callId)) return;
    this.#settling.add(callId);
    try {
      const inherited = await this.#inherit(callId);
      if (inherited !== undefined) await this.#settleInherited(callId, inherited, answer);
    } catch (error) {
      this.#options.logger.error(
        { callId, err: asFailure(error, 'STORE_UNAVAILABLE') },
        'call of a dead process not settled',
      );
    } finally {
      this.#settling.delete(callId);
    }
  }

  /** As `take` of a call that nobody has, and whose end is known to this process. */
  async takeLeft(facts: CallFacts): Promise<readonly Entry[] | undefined> {
    const { callId } = facts;
    if (this.#settling.has(callId)) return undefined;
    this.#settling.add(callId);
    try {
      const inherited = await this.#inherit(callId).catch((error) => this.#fromDisk(facts, error));
      if (inherited?.state !== 'ended') return inherited?.entries;
      await this.#settleInherited(callId, inherited);
      return undefined;
    } finally {
      this.#settling.delete(callId);
    }
  }

  /** The last entries of a dead process may have reached its disk alone: then its journal is taken over, else removed. */
  async longest(callId: string, stored: readonly Entry[]): Promise<readonly Entry[]> {
    const { outbox } = this.#options;
    const left = (await this.#logged(outbox.adopt(callId), callId)) ?? [];
    if (left.length > stored.length) return left;
    if (left.length > 0) await this.#logged(outbox.discard(callId), callId);
    return stored;
  }

  async #settleInherited(callId: string, { entries, state, answer }: Inherited, otherwise = answer): Promise<void> {
    const { outbox, logger, end } = this.#options;
    if (entries.length > 0) {
      outbox.open(callId, entries);
      outbox.settle(callId);
    }
    logger.warn({ callId, entries: entries.length }, 'call of a dead process settled');
    await end(callId, state === 'ended' ? answer : otherwise);
  }

  /** undefined: somebody has it. Rejects when Redis does not answer, which may have given it all the same. */
  async #inherit(callId: string): Promise<Inherited | undefined> {
    const { link, scripts, processId, clock, deadBeforeMs, isHeld, hold } = this.#options;
    if (isHeld(callId)) return undefined;
    const wallMs = Math.ceil(clock.wallMs());
    const inherited = inheritedSchema.safeParse(
      await link.ask(() => scripts.inherit(callId, processId, wallMs, deadBeforeMs())),
    );
    if (!inherited.success) return undefined;
    const [, epoch, total, stored, state, answer, storedFacts] = inherited.data;
    const entries = await this.longest(callId, entriesOf(stored));
    const facts = factsFrom(storedFacts);
    if (facts !== undefined) hold(facts, { epoch, total, restore: false, journal: 'all', earlier: entries.length });
    return { state, answer, entries };
  }

  /** Redis does not answer: a journal that was let go is of a call that nobody has, as far as is known here. */
  async #fromDisk(facts: CallFacts, error: unknown): Promise<Inherited> {
    const { outbox, clock, hold } = this.#options;
    const entries = await outbox.adopt(facts.callId);
    if (entries.length === 0) throw asFailure(error, 'STORE_UNAVAILABLE');
    hold(facts, {
      epoch: Math.ceil(clock.wallMs()),
      total: 0,
      restore: true,
      journal: 'all',
      earlier: entries.length,
    });
    return { state: 'running', answer: '', entries };
  }

  async #logged<T>(work: Promise<T>, callId: string): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      this.#options.logger.error(
        { callId, err: asFailure(error, 'JOURNAL_WRITE') },
        'journal of a call that changes hands',
      );
      return undefined;
    }
  }
}

interface Inherited {
  readonly state: 'running' | 'ended';
  readonly answer: string;
  readonly entries: readonly Entry[];
}
