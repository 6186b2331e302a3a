/** Files that are there whole or not at all, also after a power cut. */
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PRIVATE_FILE, PRIVATE_FOLDER, syncFolder } from '../transcript/index.ts';

/** Replaces what is there. Makes the folder. `temporary` is a path on the same disk that nobody else writes to. */
export async function writeDurably(path: string, content: string, temporary = `${path}.tmp`): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: PRIVATE_FOLDER });
  await writeSynced(temporary, content);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Does nothing when there is such a file already. */
export async function createDurably(path: string, content: string, temporary: string): Promise<void> {
  await writeSynced(temporary, content);
  try {
    await link(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeSynced(path: string, content: string): Promise<void> {
  const file = await open(path, 'w', PRIVATE_FILE);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
