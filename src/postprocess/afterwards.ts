/** What an agent wants done after its calls. The configuration satisfies this shape. */

/** undefined for an agent that is no longer configured. */
export type AfterwardsFor = (agent: string) => Afterwards | undefined;

export interface Afterwards {
  readonly formats: readonly RecordFormat[];
  readonly webhook?: { readonly url: string; readonly secret: string } | undefined;
}

export type RecordFormat = 'json' | 'text' | 'vtt';
