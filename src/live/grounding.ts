/** What an answer was grounded in: what was searched for, and where it was found. https://ai.google.dev/gemini-api/docs/google-search */
import type { WireGrounding } from './wire.ts';

export interface LiveGrounding {
  readonly queries: readonly string[];
  readonly sources: readonly { readonly title: string; readonly uri: string }[];
}

/** An answer that is spoken rests on a few searches and pages; the rest would be kept for nobody. */
const MAX_QUERIES = 10;
const MAX_SOURCES = 20;
const MAX_TEXT_CHARACTERS = 400;
/** Google's addresses lead over its own, and have some hundred characters. One that is cut leads nowhere, so it is left out. */
const MAX_URI_CHARACTERS = 2_000;

export function groundingOf({ webSearchQueries, groundingChunks }: WireGrounding): LiveGrounding {
  const sources = groundingChunks.flatMap(({ web, retrievedContext, maps }) => web ?? retrievedContext ?? maps ?? []);
  return {
    queries: webSearchQueries
      .filter((query) => query !== '')
      .slice(0, MAX_QUERIES)
      .map(bounded),
    sources: sources
      .filter(({ uri }) => uri.length <= MAX_URI_CHARACTERS && /^https?:\/\//.test(uri))
      .slice(0, MAX_SOURCES)
      .map(({ title, uri }) => ({ title: bounded(title), uri })),
  };
}

const bounded = (text: string): string => text.slice(0, MAX_TEXT_CHARACTERS);
