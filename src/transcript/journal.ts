/** A call's append-only file: one JSON line an entry, handed to the kernel before `append` returns. */
import { closeSync, fsync, openSync, writeSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { asFailure, type Failure } from '../lib/index.ts';
import { type Entry, entrySchema } from './entry.ts';

export interface Journal {
  /**
   * Never throws. A synchronous write of a short line to the page cache costs about 10 µs, a few times a second and never
   * per frame; for that, the death of the process loses nothing that was appended.
   */
  append(entry: Entry): void;
  /** What the disk has not taken, oldest first. */
  readonly unwritten: readonly Entry[];
  /** Entries given up because the disk took none for too long. */
  readonly lost: number;
  /** Makes it safe against power loss, off the event loop, and closes the file. Never rejects. */
  finish(): Promise<void>;
}

export interface JournalHandlers {
  /** The disk refused; `unwritten` entries wait in memory. Comes for every attempt. */
  failed(failure: Failure, unwritten: number): void;
}

/** An hour of lively talk writes some 3000 entries of less than 1 KB. Beyond that the oldest but the first (`began`) goes. */
const MAX_UNWRITTEN = 5_000;

/** Transcripts are personal data: only the service's own user may read them. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

const fsyncFile = promisify(fsync);

export function openJournal(path: string, handlers: JournalHandlers): Journal {
  return new FileJournal(path, handlers);
}

class FileJournal implements Journal {
  readonly unwritten: Entry[] = [];
  lost = 0;
  readonly #path: string;
  readonly #handlers: JournalHandlers;
  #file: number | undefined;
  #finished = false;
  /** A line was written in part, so that the next must begin on a line of its own. */
  #torn = false;

  constructor(path: string, handlers: JournalHandlers) {
    this.#path = path;
    this.#handlers = handlers;
  }

  append(entry: Entry): void {
    if (this.#finished) return;
    this.unwritten.push(entry);
    if (this.unwritten.length > MAX_UNWRITTEN) {
      this.unwritten.splice(1, 1);
      this.lost++;
    }
    this.#write();
  }

  async finish(): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    if (this.unwritten.length > 0) this.#write();
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      await fsyncFile(file);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      this.#handlers.failed(asFailure(error, 'JOURNAL_WRITE'), this.unwritten.length);
    } finally {
      closeSync(file);
    }
  }

  #write(): void {
    try {
      this.#file ??= openSync(this.#path, 'a', PRIVATE_FILE);
      for (let entry = this.unwritten[0]; entry !== undefined; entry = this.unwritten[0]) {
        this.#writeLine(this.#file, JSON.stringify(entry));
        this.unwritten.shift();
      }
    } catch (error) {
      this.#handlers.failed(asFailure(error, 'JOURNAL_WRITE'), this.unwritten.length);
    }
  }

  #writeLine(file: number, line: string): void {
    const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${line}\n`);
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(file, bytes, written);
      this.#torn = written < bytes.length;
    }
  }
}

/** Makes created, renamed and removed names in a folder safe against power loss. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export interface JournalContent {
  readonly entries: readonly Entry[];
  /** Lines that are no entries, other than a last one that its writer did not live to finish. */
  readonly damagedLines: number;
}

/** Reads what can be read, and counts what cannot. Rejects only when there is no such file or the disk fails. */
export async function readJournal(path: string): Promise<JournalContent> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  const unfinished = lines.pop() ?? '';
  const read = lines.filter((line) => line !== '').map(entryOf);
  const entries = [...read, entryOf(unfinished)].filter((entry) => entry !== undefined);
  return { entries, damagedLines: read.filter((entry) => entry === undefined).length };
}

function entryOf(line: string): Entry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
