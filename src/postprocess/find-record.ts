/** The record of a call that is over, where its files lie: by its id alone, which does not say on which day it began. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkedCallId } from '../transcript/index.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Whoever asks about an older call has its record from the webhook, or from the disk. */
const MAX_DAYS = 31;

/**
 * As it was written; undefined when there is none among the newest days, or none that can be read. `folder` is that of all
 * records. Throws Failure RECORD_INVALID for what is no id of a call, and names no file then.
 */
export async function findRecord(folder: string, callId: string): Promise<Record<string, unknown> | undefined> {
  const name = `${checkedCallId(callId)}.json`;
  const days = (await readdir(folder).catch(() => [])).filter((day) => DAY.test(day)).sort();
  for (const day of days.slice(-MAX_DAYS).reverse()) {
    try {
      const record: unknown = JSON.parse(await readFile(join(folder, day, name), 'utf8'));
      return typeof record === 'object' && record !== null ? { ...record } : undefined;
    } catch {
      // It is not of that day.
    }
  }
  return undefined;
}
