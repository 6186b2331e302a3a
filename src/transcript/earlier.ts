/** What the entries that an earlier holder of a call left say to the process that takes it up. */
import type { Entry } from './entry.ts';
import type { Line } from './line.ts';
import type { Transfer } from './transfer.ts';

/** The newest key to the Live session, and the way on which it is good; undefined: the session must begin afresh. */
export function lastHandle(entries: readonly Entry[]): { handle: string; route: string | undefined } | undefined {
  const newest = entries.findLast((entry) => entry.type === 'handle');
  return newest?.type === 'handle' ? { handle: newest.handle, route: newest.route } : undefined;
}

/** Whether the agent was asked for its greeting: whatever the caller heard of it, a second one is worse than none. */
export function hasGreeted(entries: readonly Entry[]): boolean {
  return entries.some(({ type }) => type === 'greeted');
}

/** The highest number of a turn of the agent that anything was written of; 0: of none. New turns count on from it. */
export function lastTurn(entries: readonly Entry[]): number {
  return entries.reduce((last, entry) => Math.max(last, ('turn' in entry ? entry.turn : undefined) ?? 0), 0);
}

/** Without what stands in the agent's place: it is heard, and answers nobody. */
export function withoutOwnWords(entries: readonly Entry[]): Entry[] {
  const own = new Set(entries.flatMap((entry) => (entry.type === 'speaking' && entry.own ? [entry.turn] : [])));
  return entries.filter((entry) => !('turn' in entry && entry.turn !== undefined && own.has(entry.turn)));
}

/** When the call was answered first: from there its lines' times count. */
export function answeredMs(entries: readonly Entry[]): number | undefined {
  return entries.find(({ type }) => type === 'answered')?.at;
}

/** In the order in which they were written; of a turn that was broken off and has no line, what was heard of it. */
export function linesOf(entries: readonly Entry[]): Line[] {
  const settled = new Set(entries.flatMap((entry) => (entry.type === 'line' ? (entry.turn ?? []) : [])));
  const broken = new Map(entries.flatMap((entry) => (entry.type === 'heard' ? [[entry.turn, entry] as const] : [])));
  return entries.flatMap((entry) => {
    if (entry.type === 'line') return [entry.line];
    const counts = entry.type === 'heard' && broken.get(entry.turn) === entry && !settled.has(entry.turn);
    return counts ? [entry.line] : [];
  });
}

/** Whether the caller has pressed keys, and no tool was called since that may have used what they entered. */
export function hasUnusedKeys(entries: readonly Entry[]): boolean {
  const last = entries.findLast(
    (entry) => entry.type === 'toolCalled' || (entry.type === 'line' && entry.line.kind === 'digits'),
  );
  return last?.type === 'line';
}

export interface EarlierToolCall {
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** undefined: it still ran. */
  readonly answer: Readonly<Record<string, unknown>> | undefined;
}

/** In the order in which the model made them. */
export function toolCallsOf(entries: readonly Entry[]): EarlierToolCall[] {
  return answeredCalls(entries).map(({ called: { id, name, args }, answered }) => ({
    id,
    name,
    args,
    answer: answered?.answer,
  }));
}

type EntryOf<T extends Entry['type']> = Extract<Entry, { type: T }>;

export interface AnsweredCall {
  readonly called: EntryOf<'toolCalled'>;
  /** undefined: it had none, or has none yet. */
  readonly answered: EntryOf<'toolAnswered'> | undefined;
}

/** Each call of a tool with its own answer. Calls without ids are answered in their order, by name. */
export function answeredCalls(entries: readonly Entry[]): AnsweredCall[] {
  const answers = entries.filter((entry) => entry.type === 'toolAnswered');
  return entries
    .filter((entry) => entry.type === 'toolCalled')
    .map((called) => {
      const at = answers.findIndex(({ id, name }) => id === called.id && name === called.name);
      const [answered] = at < 0 ? [] : answers.splice(at, 1);
      return { called, answered };
    });
}

/** To whom the caller was put through, if that is the last that is known of the call. */
export function transferOf(entries: readonly Entry[]): Transfer | undefined {
  const last = entries.at(-1);
  return last?.type === 'transferred' ? last.transfer : undefined;
}

/** The event by which a process says that it gives the call away. */
export const HANDED_OVER = 'HANDED_OVER';

/** Whether the last process that held the call gave it away in good order. */
export function wasHandedOver(entries: readonly Entry[]): boolean {
  const last = entries.at(-1);
  return last?.type === 'event' && last.code === HANDED_OVER;
}
