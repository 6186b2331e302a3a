/** Where the files of a call lie: records/<day>/<call>.<ending>, by the day (UTC) on which the call began. */
import { join } from 'node:path';
import type { CallRecord } from '../../transcript/index.ts';
import type { AfterwardsFor, RecordFormat } from '../afterwards.ts';
import { writeDurably } from '../durable-file.ts';
import { PERSONAL_DATA, withFound } from '../redact/found.ts';
import { redactRecord } from '../redact/redact-record.ts';
import type { Step } from './step.ts';

export interface FileStepOptions {
  /** The folder `records`. */
  readonly folder: string;
  readonly afterwardsFor: AfterwardsFor;
}

/** What is kept of a call whose agent nobody knows any more: all of it, in the form from which the others can be made. */
const WITHOUT_AGENT: readonly RecordFormat[] = ['json'];

/** The step that writes one format; agents that do not want it are passed over. */
export function fileStep(
  name: string,
  format: RecordFormat,
  ending: string,
  content: (record: CallRecord) => string,
): (options: FileStepOptions) => Step {
  return ({ folder, afterwardsFor }) => ({
    name,
    // What is kept as it was waits for nothing.
    after: ({ agent }) => (afterwardsFor(agent)?.redact?.files ? [PERSONAL_DATA] : []),
    async run(record, { results }) {
      const { formats = WITHOUT_AGENT, redact } = afterwardsFor(record.agent) ?? {};
      if (!formats.includes(format)) return;
      const kept = redact?.files ? redactRecord(record, withFound(redact, results)) : record;
      await writeDurably(recordFile(folder, record, ending), content(kept));
    },
  });
}

export function recordFile(folder: string, { callId, startedAt }: CallRecord, ending: string): string {
  return join(folder, startedAt.slice(0, 10), `${callId}.${ending}`);
}
