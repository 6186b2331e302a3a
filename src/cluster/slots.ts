/** Counted places, each for one holder at a time: per agent, per caller, per credential. */

export interface Slots {
  /** Idempotent by holder. False: `limit` others hold it. Never rejects. */
  take(name: string, limit: number, holder: string): Promise<boolean>;
  /** After `take` has resolved. Giving back what is not held does nothing. */
  give(name: string, holder: string): void;
  close(): Promise<void>;
}

/** Who holds what in this process. */
export class HeldSlots {
  readonly #holders = new Map<string, Set<string>>();

  /** Whether `holder` has it now; false: `limit` others of this process have. */
  take(name: string, limit: number, holder: string): boolean {
    const holders = this.#holders.get(name) ?? new Set<string>();
    if (holders.has(holder)) return true;
    if (holders.size >= limit) return false;
    this.#holders.set(name, holders.add(holder));
    return true;
  }

  /** Whatever the limit: a place that others have granted. */
  add(name: string, holder: string): void {
    this.take(name, Number.POSITIVE_INFINITY, holder);
  }

  give(name: string, holder: string): void {
    const holders = this.#holders.get(name);
    holders?.delete(holder);
    if (holders?.size === 0) this.#holders.delete(name);
  }

  all(): Iterable<readonly [name: string, holders: ReadonlySet<string>]> {
    return this.#holders;
  }
}

/** Of one process. */
export function createLocalSlots(): Slots {
  const held = new HeldSlots();
  return {
    take: (name, limit, holder) => Promise.resolve(held.take(name, limit, holder)),
    give: (name, holder) => held.give(name, holder),
    close: () => Promise.resolve(),
  };
}
