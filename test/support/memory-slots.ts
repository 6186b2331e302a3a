/** Counted places in memory, with notes of what was asked of them. */
import type { CallSlots } from '../../src/call/index.ts';

export interface MemorySlots extends CallSlots {
  /** Every name that was asked for, and every name given back, in their order. */
  readonly asked: readonly string[];
  readonly given: readonly string[];
  holders(name: string): readonly string[];
  /** Answers wait until `resume`. */
  pause(): { resume(): void };
}

export function memorySlots(): MemorySlots {
  const holders = new Map<string, Set<string>>();
  const asked: string[] = [];
  const given: string[] = [];
  let open = Promise.resolve();
  return {
    asked,
    given,
    holders: (name) => [...(holders.get(name) ?? [])],
    pause: () => {
      let resume: () => void = () => undefined;
      open = new Promise((resolve) => {
        resume = resolve;
      });
      return { resume };
    },
    take: async (name, limit, holder) => {
      asked.push(name);
      await open;
      const holding = holders.get(name) ?? new Set<string>();
      holders.set(name, holding);
      if (!holding.has(holder) && holding.size >= limit) return false;
      holding.add(holder);
      return true;
    },
    give: (name, holder) => {
      given.push(name);
      holders.get(name)?.delete(holder);
    },
  };
}
