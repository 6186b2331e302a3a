/**
 * The keys of calls whose other side is away for them, as all processes see them: the provider asks any one what comes next, and
 * again when an answer did not arrive.
 */
import type { Notes } from '../cluster/index.ts';
import { connected, type Next } from './next.ts';

/** Longer than the tool waits; they are taken back before that when the other side is back. */
const SHARED_FOR_MS = 30_000;
/** A note and not nothing: a process that noted keys keeps its own copy, and another one may have taken the call up. */
const NOTHING = '';

export class SharedKeys {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** In place of what was to be pressed before. */
  async share(callId: string, keys: string): Promise<void> {
    const key = noteKey(callId);
    await this.#notes.forget(key);
    await this.#notes.note(key, { rank: 0, value: keys, forMs: SHARED_FOR_MS });
  }

  /** The other side is back: nothing is to be pressed any more. */
  takeBack(callId: string): Promise<void> {
    return this.share(callId, NOTHING);
  }

  async of(callId: string): Promise<string | undefined> {
    return (await this.#notes.get(noteKey(callId))) || undefined;
  }

  /** Another stream, with what is to be pressed on the way to it. */
  async onTheWayTo(next: Next): Promise<Next> {
    return next.do === 'connect' ? connected(next.call, await this.of(next.call.callId)) : next;
  }
}

const noteKey = (callId: string): string => `keys:${callId}`;
