/** What dead processes left behind, in a folder that has a folder for each process. */
import { readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owners } from './owners.ts';

export interface Orphan {
  /** The dead process. */
  readonly owner: string;
  readonly name: string;
  readonly path: string;
}

/** Whoever takes an orphan moves it away; emptied folders are removed, those that hold what nobody took are not. */
export async function* orphans(folder: string, owners: Owners): AsyncGenerator<Orphan> {
  for (const owner of await readdir(folder)) {
    if (!owners.isDead(owner)) continue;
    const left = join(folder, owner);
    for (const name of await readdir(left)) yield { owner, name, path: join(left, name) };
    await ifThere(rmdir(left)).catch(unlessNotEmpty);
  }
}

/** A rename is one step, and one process's: of two that take the same file, one gets true. */
export function moved(from: string, to: string): Promise<boolean> {
  return ifThere(rename(from, to));
}

/** ENOTDIR: something else lies where one of its folders was. */
const NOT_THERE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

/** Whether what was to be worked on was there. */
export async function ifThere(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && NOT_THERE.has(error.code)) return false;
    throw error;
  }
}

function unlessNotEmpty(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
}
