/** Jobs as `callbridge jobs` prints them: for people, and as JSON. What was said is printed when it is asked for, and only then. */

import { asFailure } from '../lib/index.ts';
import { asText, type JobDetail, type JobSummary, parseJob } from '../postprocess/index.ts';
import type { CallRecord } from '../transcript/index.ts';

/** A failure's message has its cause at the front; the whole is in `show`. */
const MAX_FAILURE_LENGTH = 80;

const HEAD = ['CALL', 'STATE', 'ATTEMPTS', 'NEXT TRY', 'STEPS DONE', 'LAST FAILURE'];

export function jobTable(jobs: readonly JobSummary[]): string[] {
  const rows = jobs.map(({ callId, state, attempts, nextTryMs, doneSteps, lastFailure }) => [
    callId,
    state,
    String(attempts),
    moment(nextTryMs) ?? '-',
    doneSteps.join(', ') || '-',
    shortened(lastFailure ?? '-'),
  ]);
  const all = [HEAD, ...rows].map((row) => row.map(printable));
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export function jobText(job: JobDetail, dialogue: boolean): string[] {
  const { state, attempts, doneSteps, lastFailure, nextTryMs } = job;
  const about: [string, string][] = [
    ['State', state],
    ['Attempts', String(attempts)],
    ['Done', doneSteps.join(', ') || '-'],
    ['Failure', lastFailure ?? '-'],
    ['Next try', moment(nextTryMs) ?? '-'],
  ];
  return [...about.map(([name, value]) => `${name.padEnd(10)}${printable(value)}`), ...recordText(job, dialogue)];
}

function recordText(job: JobDetail, dialogue: boolean): string[] {
  const record = recordOf(job);
  if (typeof record === 'string') return [`Call      ${printable(job.callId)}`, `Record    ${record}`];
  const text = asText(dialogue ? record : { ...record, lines: [], analysis: undefined })
    .trimEnd()
    .split('\n')
    .map(printable);
  return dialogue ? text : [...text, `Lines     ${record.lines.length} (--dialogue prints them)`];
}

export function jobJson(job: JobDetail, dialogue: boolean): object {
  const { data: _, results, ...summary } = job;
  const record = recordOf(job);
  if (typeof record === 'string') return { ...summaryJson(summary), record: null, recordProblem: record };
  return { ...summaryJson(summary), record: dialogue ? record : withoutWords(record), ...(dialogue && { results }) };
}

export function summaryJson({ nextTryMs, ...rest }: JobSummary): object {
  return { ...rest, nextTry: moment(nextTryMs) ?? null };
}

/** The record, or why there is none. */
function recordOf({ data }: JobDetail): CallRecord | string {
  if (data === null) return 'not kept with the job';
  try {
    return parseJob(data).record;
  } catch (error) {
    return asFailure(error, 'RECORD_INVALID').message;
  }
}

/** Speech, keys, what tools were told and what was made of it can hold anything that a caller says. */
function withoutWords({ lines, digits: _digits, toolCalls, analysis: _analysis, ...rest }: CallRecord): object {
  return { ...rest, lineCount: lines.length, toolCallCount: toolCalls.length };
}

function moment(epochMs: number | null): string | undefined {
  return epochMs === null ? undefined : new Date(epochMs).toISOString().replace(/\.\d+/, '');
}

function shortened(text: string): string {
  return text.length <= MAX_FAILURE_LENGTH ? text : `${text.slice(0, MAX_FAILURE_LENGTH - 1)}…`;
}

/** What others wrote must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '�');
}
