/** What a caller who is still on the line gets when the stream is over. */
import type { RingingCall } from './registry.ts';

export type Next =
  | { readonly do: 'hangUp' }
  /** Another stream, with a fresh token. */
  | { readonly do: 'connect'; readonly call: RingingCall }
  /** Another process is to answer: this one has let the call go, or shuts down. */
  | { readonly do: 'askElsewhere' }
  /** The agent's goodbye; `heard`: its words were said already while the stream lived. */
  | { readonly do: 'fallback'; readonly agent: string | undefined; readonly heard?: boolean | undefined };
