/** A journal of a call that may go on: where it lies, what it says of the call, and whether it can still be taken up. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { transferOf } from './earlier.ts';
import type { CallFacts, Entry } from './entry.ts';
import { JOURNAL_ENDING, readJournalIfAny } from './journal.ts';
import type { Owners } from './owners.ts';
import type { Transfer } from './transfer.ts';

/** Of a journal whose process died or let the call go: whichever process renames it has it. */
export const HELD_ENDING = '.held';

/** An agent that talks, or a caller who only listens, writes nothing for minutes; beyond five nobody waits on the line. */
const MAX_SILENT_MS = 5 * 60_000;

export interface FoundJournal {
  readonly path: string;
  readonly facts: CallFacts;
  readonly transfer: Transfer | undefined;
  /** `free`: its process died or let it go. `held`: by a process that lives and is ready to give it away. */
  readonly state: 'running' | 'free' | 'held';
}

/** Looks into the folders of all processes. Calls that have ended are not found: their records are under way. */
export async function findJournal(folder: string, owners: Owners, callId: string): Promise<FoundJournal | undefined> {
  for (const owner of await readdir(folder)) {
    for (const ending of [HELD_ENDING, JOURNAL_ENDING]) {
      const path = join(folder, owner, callId + ending);
      const content = await readJournalIfAny(path);
      const facts = content === undefined || hasEnded(content.entries) ? undefined : factsOf(content.entries);
      if (content === undefined || facts === undefined) continue;
      const transfer = transferOf(content.entries);
      if (owners.isDead(owner)) return { path, facts, transfer, state: 'free' };
      return { path, facts, transfer, state: ending === HELD_ENDING ? 'held' : 'running' };
    }
  }
  return undefined;
}

export function callIdOf(name: string): string {
  return basename(basename(name, JOURNAL_ENDING), HELD_ENDING);
}

/** undefined: the journal does not say which call it is of. */
export function factsOf(entries: readonly Entry[]): CallFacts | undefined {
  const began = entries.find((entry) => entry.type === 'began');
  return began?.type === 'began' ? began.call : undefined;
}

export function hasEnded(entries: readonly Entry[]): boolean {
  return entries.some(({ type }) => type === 'ended');
}

/** Whether somebody may still be on the line. */
export function mayGoOn(entries: readonly Entry[], nowMs: number): boolean {
  const newestMs = entries.reduce((newest, { at }) => Math.max(newest, at), Number.NEGATIVE_INFINITY);
  return !hasEnded(entries) && factsOf(entries) !== undefined && nowMs - newestMs < MAX_SILENT_MS;
}
