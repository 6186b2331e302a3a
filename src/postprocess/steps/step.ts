/** A step of post-processing. It may run more than once for one call, and must then have the same effect. */
import type { CallRecord } from '../../transcript/index.ts';

export interface Step {
  /** Kept with the job: a step that is renamed runs again. */
  readonly name: string;
  run(record: CallRecord): Promise<void>;
}

/** What an agent wants done after its calls; undefined for an agent that is no longer configured. */
export type AfterwardsFor = (agent: string) => Afterwards | undefined;

export interface Afterwards {
  readonly formats: readonly RecordFormat[];
  readonly webhook?: { readonly url: string; readonly secret: string } | undefined;
}

export type RecordFormat = 'json' | 'text' | 'vtt';
