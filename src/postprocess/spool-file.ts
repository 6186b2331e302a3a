/** The files of a spool as they are read: whatever lies there, a person's leftovers included, is a job or is damaged. */
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { ifThere } from '../transcript/index.ts';

const spooledSchema = z.object({
  data: z.unknown(),
  /** Not before this moment, in ms since the Unix epoch. */
  runAtMs: z.number(),
  failedAttempts: z.int().nonnegative(),
  /** How often it was lost with its process. */
  stalls: z.int().nonnegative(),
  doneSteps: z.array(z.string()),
  /** What they gave, of those that gave something. */
  results: z.record(z.string(), z.unknown()).default({}),
  /** What steps that did not finish want to have again. */
  checkpoints: z.record(z.string(), z.unknown()).default({}),
  /** Why the last attempt failed. */
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type Spooled = Readonly<z.infer<typeof spooledSchema>>;

export const ENDING = '.json';
/** A lively hour is 3 MB. Reading and parsing more than this would be heard in the calls of this process. */
export const MAX_JOB_BYTES = 16 * 2 ** 20;

/** undefined: no such file. Never follows a link, nor waits for a pipe. */
export async function readSpooled(path: string): Promise<Spooled | 'unreadable' | undefined> {
  let text: string | undefined;
  const there = await ifThere(
    lstat(path).then(async (found) => {
      if (found.isFile() && found.size <= MAX_JOB_BYTES) text = await readFile(path, 'utf8').catch(unlessForbidden);
    }),
  );
  if (!there) return undefined;
  try {
    return spooledSchema.parse(JSON.parse(text ?? ''));
  } catch {
    return 'unreadable';
  }
}

/** A file of another user: the others' jobs must go on. */
function unlessForbidden(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'EACCES') return undefined;
  throw error;
}

export async function idsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith(ENDING)).map((name) => basename(name, ENDING));
}

/** Claims of all processes, as paths of folders. */
export async function claimFolders(spool: string): Promise<string[]> {
  const active = join(spool, 'active');
  let names: string[] = [];
  await ifThere(
    readdir(active, { withFileTypes: true }).then((entries) => {
      names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    }),
  );
  return names.map((name) => join(active, name));
}

/** Of a folder that may be gone by now: its process ended, or somebody cleared it away. */
export async function idsIfThere(folder: string): Promise<string[]> {
  let ids: string[] = [];
  await ifThere(
    idsIn(folder).then((found) => {
      ids = found;
    }),
  );
  return ids;
}

export function exists(path: string): Promise<boolean> {
  return ifThere(stat(path));
}
