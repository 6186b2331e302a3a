/** A call's append-only file: one JSON line an entry, handed to the kernel before `append` returns. */
import { closeSync, fsync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { appendFile, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { asFailure, type Failure } from '../lib/index.ts';
import { type Entry, entrySchema } from './entry.ts';
import { ifThere } from './orphans.ts';

export interface Journal {
  /**
   * Never throws. A synchronous write of a short line to the page cache costs about 10 µs, a few times a second and never
   * per frame; for that, the death of the process loses nothing that was appended.
   */
  append(entry: Entry): void;
  /** What memory holds of a journal that is not finished: its first entry and the newest. */
  readonly kept: readonly Entry[];
  /** What the disk has not taken, oldest first. */
  readonly unwritten: readonly Entry[];
  /** Entries given up because the disk took none for too long, or lost more than memory held. */
  readonly lost: number;
  /** The file had vanished before it was finished, and was written afresh. */
  readonly rewritten: boolean;
  /** Makes it safe against power loss, off the event loop, and closes the file. Never rejects; once, however often called. */
  finish(): Promise<void>;
}

export interface JournalHandlers {
  /** The disk refused; `unwritten` entries wait in memory. Comes for every attempt. */
  failed(failure: Failure, unwritten: number): void;
}

/**
 * What memory holds of a running call, in case that the disk refuses or loses it. An hour of lively talk is some 3000
 * entries of less than 1 KB. Beyond that the oldest but the first (`began`) goes.
 */
const MAX_KEPT = 5_000;

export const JOURNAL_ENDING = '.jsonl';
/** Transcripts are personal data: only the service's own user may read them. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

const fsyncFile = promisify(fsync);

/** Entries of an earlier holder of the call, with which the journal begins; `onDisk` when the file there has them. */
export interface Earlier {
  readonly entries: readonly Entry[];
  readonly onDisk: boolean;
}

export function openJournal(path: string, handlers: JournalHandlers, earlier?: Earlier): Journal {
  return new FileJournal(path, handlers, earlier);
}

class FileJournal implements Journal {
  lost = 0;
  rewritten = false;
  readonly #path: string;
  readonly #handlers: JournalHandlers;
  /** The call's newest entries and its first: those on disk, and then those that are not. */
  readonly #kept: Entry[] = [];
  #keptOnDisk = 0;
  /** Entries that only the disk has. */
  #forgotten = 0;
  #file: number | undefined;
  /** Of the first entry that is not on disk as a whole: what is still to be written of its line. */
  #restOfLine: Buffer | undefined;
  #finishing: Promise<void> | undefined;

  constructor(path: string, handlers: JournalHandlers, earlier: Earlier = { entries: [], onDisk: false }) {
    this.#path = path;
    this.#handlers = handlers;
    for (const entry of earlier.entries) {
      if (earlier.onDisk) this.#keptOnDisk++;
      this.#keep(entry);
    }
    this.#write();
  }

  get kept(): readonly Entry[] {
    return [...this.#kept];
  }

  get unwritten(): readonly Entry[] {
    return this.#kept.slice(this.#keptOnDisk);
  }

  append(entry: Entry): void {
    if (this.#finishing !== undefined) return;
    this.#keep(entry);
    this.#write();
  }

  #keep(entry: Entry): void {
    this.#kept.push(entry);
    if (this.#kept.length > MAX_KEPT) this.#dropOldest();
  }

  finish(): Promise<void> {
    this.#finishing ??= this.#finish();
    return this.#finishing;
  }

  async #finish(): Promise<void> {
    if (this.#file !== undefined && this.#hasVanished()) this.#startAfresh(this.#file);
    this.#write();
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      await fsyncFile(file);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      this.#failed(error);
    } finally {
      closeSync(file);
    }
    // The file has them, and the queue may be away for long.
    this.#kept.splice(0, this.#keptOnDisk);
    this.#keptOnDisk = 0;
  }

  #dropOldest(): void {
    // A line that is begun must be ended.
    const oldest = this.#keptOnDisk === 1 && this.#restOfLine !== undefined ? 2 : 1;
    this.#kept.splice(oldest, 1);
    if (oldest < this.#keptOnDisk) {
      this.#keptOnDisk--;
      this.#forgotten++;
    } else {
      this.lost++;
    }
  }

  #write(): void {
    if (this.#keptOnDisk === this.#kept.length) return;
    try {
      this.#file ??= openSync(this.#path, 'a', PRIVATE_FILE);
      for (let entry = this.#kept[this.#keptOnDisk]; entry !== undefined; entry = this.#kept[this.#keptOnDisk]) {
        this.#writeLine(this.#file, entry);
        this.#keptOnDisk++;
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A disk that fills up may take a part of the line; the rest follows when it takes more. */
  #writeLine(file: number, entry: Entry): void {
    let rest = this.#restOfLine ?? Buffer.from(lineOf(entry));
    while (rest.length > 0) {
      const taken = writeSync(file, rest);
      rest = rest.subarray(taken);
      if (taken > 0) this.#restOfLine = rest;
    }
    this.#restOfLine = undefined;
  }

  /** Moved or removed, and not by this process. */
  #hasVanished(): boolean {
    try {
      return statSync(this.#path, { throwIfNoEntry: false }) === undefined;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #startAfresh(vanished: number): void {
    closeSync(vanished);
    this.#file = undefined;
    this.#restOfLine = undefined;
    this.#keptOnDisk = 0;
    this.lost += this.#forgotten;
    this.#forgotten = 0;
    this.rewritten = true;
    const { at } = this.#kept.at(-1)!;
    this.#kept.push({
      type: 'event',
      at,
      code: 'JOURNAL_WRITE',
      detail: 'the journal vanished, and was written afresh',
    });
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: PRIVATE_FOLDER });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#handlers.failed(asFailure(error, 'JOURNAL_WRITE'), this.#kept.length - this.#keptOnDisk);
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
  /** Not a byte, as when its writer was killed between making the file and its first write. */
  readonly empty: boolean;
}

/** An entry as it stands in the file. */
export function lineOf(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`;
}

/** Reads what can be read, and counts what cannot. Rejects only when there is no such file or the disk fails. */
export async function readJournal(path: string): Promise<JournalContent> {
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n');
  const unfinished = lines.pop() ?? '';
  const read = lines.filter((line) => line !== '').map(entryOf);
  const entries = [...read, entryOf(unfinished)].filter((entry) => entry !== undefined);
  return { entries, damagedLines: read.filter((entry) => entry === undefined).length, empty: text === '' };
}

/** undefined: there is no such file. */
export async function readJournalIfAny(path: string): Promise<JournalContent | undefined> {
  let content: JournalContent | undefined;
  await ifThere(
    readJournal(path).then((read) => {
      content = read;
    }),
  );
  return content;
}

/** Ends a last line that its writer did not live to end, so that the file can be appended to. */
export async function mendJournal(path: string): Promise<void> {
  const text = await readFile(path);
  const whole = text.lastIndexOf('\n') + 1;
  if (whole === text.length) return;
  if (entryOf(text.subarray(whole).toString()) === undefined) await truncate(path, whole);
  else await appendFile(path, '\n');
}

function entryOf(line: string): Entry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
