/** What an agent wants done after its calls. The configuration satisfies this shape. */

import type { Redaction } from './redact/redact-record.ts';

/** undefined for an agent that is no longer configured. */
export type AfterwardsFor = (agent: string) => Afterwards | undefined;

export interface Afterwards {
  readonly formats: readonly RecordFormat[];
  /** What to black out in what leaves; undefined: nothing. */
  readonly redact?: Redaction | undefined;
  /** What to ask a text model about each call; undefined: nothing. */
  readonly analysis?: AnalysisWishes | undefined;
  readonly webhook?: (Receiver & { readonly events: readonly EventType[] }) | undefined;
}

/** Who is told of calls. */
export interface Receiver {
  readonly url: string;
  /** Of https://www.standardwebhooks.com: base64, with or without `whsec_`. */
  readonly secret: string;
}

/** What a receiver can be told, in the order in which it happens. */
export const EVENT_TYPES = ['call.started', 'call.ended', 'call.analyzed'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export type RecordFormat = 'json' | 'text' | 'vtt';

export interface AnalysisWishes {
  readonly model: string;
  /** `instruction`, here and below: what is said to the model beside what it is told anyway. */
  readonly summary?: { readonly instruction?: string | undefined } | undefined;
  /** `schema`: JSON Schema of an object, which zod can read. */
  readonly extract?:
    | { readonly schema: Readonly<Record<string, unknown>>; readonly instruction?: string | undefined }
    | undefined;
  readonly verdict?: { readonly goals: readonly string[] } | undefined;
}
