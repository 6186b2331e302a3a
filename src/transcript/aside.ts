/** Where journals lie that people must look at: what is not whole, or not known to have arrived, is never ours to delete. */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/index.ts';
import type { Entry } from './entry.ts';
import { JOURNAL_ENDING, lineOf, PRIVATE_FILE, PRIVATE_FOLDER } from './journal.ts';
import { moved } from './orphans.ts';

const CORRUPT = 'corrupt';

export interface AsideOptions {
  /** Of all journals. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: { error(fields: object, message: string): void };
  readonly metrics: { readonly journalErrors: { inc(): void } };
}

export interface AsideJournal {
  readonly callId: string;
  readonly path: string;
  /** What only memory has of it. */
  readonly unwritten?: readonly Entry[];
  readonly why: string;
}

export async function setAside(options: AsideOptions, { callId, path, unwritten = [], why }: AsideJournal) {
  const { folder, clock, logger, metrics } = options;
  metrics.journalErrors.inc();
  const aside = join(folder, CORRUPT, `${callId}.${Math.round(clock.nowMs())}${JOURNAL_ENDING}`);
  await mkdir(join(folder, CORRUPT), { recursive: true, mode: PRIVATE_FOLDER });
  await moved(path, aside);
  // On a line of their own: the last one may be torn.
  if (unwritten.length > 0) await appendFile(aside, `\n${unwritten.map(lineOf).join('')}`, { mode: PRIVATE_FILE });
  logger.error({ callId, path: aside, why }, 'journal set aside');
}
