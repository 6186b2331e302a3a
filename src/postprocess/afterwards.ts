/** What an agent wants done after its calls. The configuration satisfies this shape. */

import type { Redaction } from './redact/redact-record.ts';

/** undefined for an agent that is no longer configured. */
export type AfterwardsFor = (agent: string) => Afterwards | undefined;

export interface Afterwards {
  readonly formats: readonly RecordFormat[];
  /** What to black out in what leaves; undefined: nothing. */
  readonly redact?: Redaction | undefined;
  readonly webhook?: { readonly url: string; readonly secret: string } | undefined;
}

export type RecordFormat = 'json' | 'text' | 'vtt';
