/** Which groundings of a call are kept: the service repeats them, also empty. */
import type { Entry, Grounding } from './entry.ts';

export interface FoundGrounding {
  readonly queries: readonly string[];
  readonly sources: readonly { readonly title: string; readonly uri: string }[];
}

/** More than a question a minute for the longest usual call; a model that looks up everything must not fill the journal. */
const MAX_GROUNDINGS = 200;

export class Groundings {
  #count: number;
  #last: string | undefined;

  /** What an earlier holder of the call kept counts. */
  constructor(earlier: readonly Entry[]) {
    const kept = earlier.flatMap((entry) => (entry.type === 'grounded' ? [entry.grounding] : []));
    this.#count = kept.length;
    this.#last = JSON.stringify(kept.at(-1));
  }

  /** undefined: there is nothing in it, or nothing new, or there have been too many. */
  worthKeeping({ queries, sources }: FoundGrounding): Grounding | undefined {
    if (queries.length === 0 && sources.length === 0) return undefined;
    const grounding = { queries: [...queries], sources: sources.map(({ title, uri }) => ({ title, uri })) };
    const text = JSON.stringify(grounding);
    if (text === this.#last || this.#count === MAX_GROUNDINGS) return undefined;
    this.#last = text;
    this.#count += 1;
    return grounding;
  }
}
