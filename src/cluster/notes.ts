/** Short notes that the processes of one service share for a while: what was asked for, and how far it is. */
import type { Clock } from '../lib/index.ts';

export interface Note {
  /** What is known later stands higher, and is never taken back by what is known earlier and comes late. */
  readonly rank: number;
  readonly value: string;
  readonly forMs: number;
  /** Whether the note is among those of a list. */
  readonly listed?: { readonly list: string; readonly on: boolean } | undefined;
}

/** None of them rejects: while the store is away, this process's own notes are all there is. */
export interface Notes {
  /** Stands unless one of the same or a higher rank does: that one is given back then. */
  note(key: string, note: Note): Promise<string | undefined>;
  get(key: string): Promise<string | undefined>;
  forget(key: string): Promise<void>;
  /** The notes of a list, at most `max`. */
  list(list: string, max: number): Promise<readonly string[]>;
}

/** A day of a call every two seconds is 43,200; beyond this the oldest is forgotten, some 50 MB at worst. */
const MAX_NOTES = 50_000;

export function createLocalNotes(clock: Clock): Notes {
  /** The oldest first. */
  const notes = new Map<string, { readonly note: Note; readonly untilMs: number }>();
  const alive = (key: string): Note | undefined => {
    const kept = notes.get(key);
    if (kept !== undefined && clock.nowMs() < kept.untilMs) return kept.note;
    notes.delete(key);
    return undefined;
  };
  return {
    async note(key, note) {
      const known = alive(key);
      if (known !== undefined && known.rank >= note.rank) return known.value;
      notes.delete(key);
      notes.set(key, { note, untilMs: clock.nowMs() + note.forMs });
      if (notes.size > MAX_NOTES) notes.delete(notes.keys().next().value!);
      return undefined;
    },
    get: async (key) => alive(key)?.value,
    forget: async (key) => void notes.delete(key),
    async list(list, max) {
      const values: string[] = [];
      for (const [key, { note }] of [...notes].reverse()) {
        if (values.length >= max) break;
        if (note.listed?.list === list && note.listed.on && alive(key) !== undefined) values.push(note.value);
      }
      return values;
    },
  };
}
