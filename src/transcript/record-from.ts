/** Makes a call record from the entries of a journal, whole or not. */
import { Failure } from '../lib/index.ts';
import { answeredCalls, linesOf, transferOf } from './earlier.ts';
import type { Entry } from './entry.ts';
import type { Outcome } from './outcome.ts';
import type { CallRecord } from './record.ts';
import { addedUsage, NO_USAGE } from './usage.ts';

/** A journal whose process ended before it could say how the call did. */
const PROCESS_DIED: Outcome = { kind: 'failed', fault: 'us', code: 'PROCESS_DIED' };

export interface JournalLoss {
  readonly damagedLines: number;
  readonly lostEntries: number;
}

/** Pure. Throws RECORD_INVALID when it is not known which call it was. */
export function recordFrom(
  entries: readonly Entry[],
  loss: JournalLoss = { damagedLines: 0, lostEntries: 0 },
): CallRecord {
  const began = first(entries, 'began');
  if (began === undefined) throw new Failure('RECORD_INVALID', 'the journal does not say which call it is of');
  const answered = first(entries, 'answered');
  const ended = all(entries, 'ended').at(-1);
  const endedAt = ended?.at ?? entries.reduce((latest, { at }) => Math.max(latest, at), began.at);
  const zero = answered?.at ?? began.at;
  const lines = linesOf(entries).sort((a, b) => a.startMs - b.startMs);
  return {
    version: 1,
    ...began.call,
    ...alternatives(entries, zero),
    startedAt: iso(began.at),
    answeredAt: answered === undefined ? null : iso(answered.at),
    endedAt: iso(endedAt),
    durationMs: answered === undefined ? 0 : Math.max(0, endedAt - answered.at),
    outcome: ended?.outcome ?? outcomeWithout(entries),
    lines,
    digits: lines.map(({ kind, text }) => (kind === 'digits' ? text : '')).join(''),
    toolCalls: toolCalls(entries, zero),
    ...messages(entries, zero),
    ...grounding(entries, zero),
    usage: all(entries, 'usage').reduce((total, { usage }) => addedUsage(total, usage), NO_USAGE),
    responses: responses(entries, zero),
    sound: all(entries, 'sound').at(-1)?.sound ?? null,
    events: all(entries, 'event').map(({ at, code, detail }) => ({ atMs: at - zero, code, detail })),
    missing: { untranscribedTurns: all(entries, 'untranscribed').length, ...loss },
  };
}

/** Of a journal without an end. */
function outcomeWithout(entries: readonly Entry[]): Outcome {
  const transfer = transferOf(entries);
  if (transfer === undefined) return PROCESS_DIED;
  // Who takes a call that waits for them says so, and that is an end: this caller did not wait.
  return transfer.warm === undefined ? { kind: 'transferred', to: transfer.name } : { kind: 'callerGone' };
}

type EntryOf<T extends Entry['type']> = Extract<Entry, { type: T }>;

function all<T extends Entry['type']>(entries: readonly Entry[], type: T): EntryOf<T>[] {
  return entries.filter((entry): entry is EntryOf<T> => entry.type === type);
}

function first<T extends Entry['type']>(entries: readonly Entry[], type: T): EntryOf<T> | undefined {
  return entries.find((entry): entry is EntryOf<T> => entry.type === type);
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function toolCalls(entries: readonly Entry[], zero: number): CallRecord['toolCalls'] {
  return answeredCalls(entries).map(({ called: { id, name, args, at }, answered }) => ({
    id,
    name,
    args,
    calledAtMs: at - zero,
    answer: answered?.answer ?? null,
    answeredAtMs: answered === undefined ? null : answered.at - zero,
  }));
}

function alternatives(entries: readonly Entry[], zero: number): Pick<CallRecord, 'alternatives'> {
  const spoke = all(entries, 'alternative').map(({ at, model, voice }) => ({ atMs: at - zero, model, voice }));
  return spoke.length === 0 ? {} : { alternatives: spoke };
}

function messages(entries: readonly Entry[], zero: number): Pick<CallRecord, 'messages'> {
  const taken = all(entries, 'message').map(({ at, message }) => ({ atMs: at - zero, ...message }));
  return taken.length === 0 ? {} : { messages: taken };
}

function grounding(entries: readonly Entry[], zero: number): Pick<CallRecord, 'grounding'> {
  const found = all(entries, 'grounded').map(({ at, grounding }) => ({ atMs: at - zero, ...grounding }));
  return found.length === 0 ? {} : { grounding: found };
}

function responses(entries: readonly Entry[], zero: number): CallRecord['responses'] {
  const turns = all(entries, 'latency').map(({ turn, at, responseMs }) => ({ turn, atMs: at - zero, responseMs }));
  const sorted = turns.map(({ responseMs }) => responseMs).sort((a, b) => a - b);
  return { turns, p50Ms: percentile(sorted, 0.5), p95Ms: percentile(sorted, 0.95) };
}

/** By nearest rank: a value that was measured, never one between. */
function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? null;
}
