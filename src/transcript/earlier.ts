/** What the entries that an earlier holder of a call left say to the process that takes it up. */
import type { Entry, SpokenBy } from './entry.ts';
import type { Line } from './line.ts';
import type { Transfer } from './transfer.ts';

/** The newest key to the Live session, and the way on which it is good; undefined: the session must begin afresh. */
export function lastHandle(entries: readonly Entry[]): { handle: string; route: string | undefined } | undefined {
  const newest = entries.findLast((entry) => entry.type === 'handle');
  return newest?.type === 'handle' ? { handle: newest.handle, route: newest.route } : undefined;
}

/** Which model spoke last, and with which voice; undefined: nobody wrote that down. */
export function lastSpokenBy(entries: readonly Entry[]): SpokenBy | undefined {
  const began = entries.find((entry) => entry.type === 'began');
  return entries.findLast((entry) => entry.type === 'alternative') ?? began?.call;
}

/** Whether the agent was asked for its greeting: whatever the caller heard of it, a second one is worse than none. */
export function hasGreeted(entries: readonly Entry[]): boolean {
  return entries.some(({ type }) => type === 'greeted');
}

/** The machine that the agent has noticed, and what it is to leave there; undefined: it has noticed none. */
export function machineNoticed(entries: readonly Entry[]): { readonly message?: string | undefined } | undefined {
  return entries.findLast((entry) => entry.type === 'atMachine');
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
  /** Who was to hear of it: the session that made the call, another one as text, or nobody. */
  readonly told: 'answer' | 'text' | 'nobody';
  /** The answer is newer than the newest handle: the session that this leads to may wait for it still. */
  readonly unheard: boolean;
}

/** In the order in which the model made them. */
export function toolCallsOf(entries: readonly Entry[]): EarlierToolCall[] {
  const sinceHandle = new Set(entries.slice(entries.findLastIndex(({ type }) => type === 'handle') + 1));
  return answeredCalls(entries).map(({ called: { id, name, args }, answered, told }) => ({
    id,
    name,
    args,
    answer: answered?.answer,
    told,
    unheard: told === 'answer' && answered !== undefined && sinceHandle.has(answered),
  }));
}

type EntryOf<T extends Entry['type']> = Extract<Entry, { type: T }>;

interface AnsweredCall {
  readonly called: EntryOf<'toolCalled'>;
  /** undefined: it had none, or has none yet. */
  answered: EntryOf<'toolAnswered'> | undefined;
  told: EarlierToolCall['told'];
}

/** Each call of a tool with its own answer. Calls without ids are answered in their order, by name. */
export function answeredCalls(entries: readonly Entry[]): Readonly<AnsweredCall>[] {
  const calls: AnsweredCall[] = [];
  const openOnes = ({ id, name }: EntryOf<'toolAnswered' | 'toolUnawaited'>): AnsweredCall[] =>
    calls.filter(({ called, answered }) => answered === undefined && called.id === id && called.name === name);
  for (const entry of entries) {
    if (entry.type === 'toolCalled') {
      calls.push({ called: entry, answered: undefined, told: 'answer' });
    } else if (entry.type === 'toolAnswered') {
      const [first] = openOnes(entry);
      if (first !== undefined) first.answered = entry;
    } else if (entry.type === 'toolUnawaited') {
      const first = openOnes(entry).find(({ told }) => told !== entry.told);
      if (first !== undefined) first.told = entry.told;
    }
  }
  return calls;
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
