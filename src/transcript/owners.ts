/**
 * Which processes live: what a dead one left in a shared folder may be finished by another, what a live one has may not.
 *
 * Each process has a file, and writes it again and again. Where the process ids of two processes mean the same (one boot,
 * one PID namespace), the id and the kernel's start time of the process decide, at once and without doubt. A container has one
 * PID namespace as long as it runs: who was in this one, and in another namespace, is gone. Elsewhere (another container or
 * machine on one volume, another system than Linux) the age of the last beat decides. Beats are
 * stamped by the file system, and compared with each other alone: clocks of processes differ, and stand still with them.
 */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Clock, Ids } from '../lib/index.ts';
import { ownContainer } from './container.ts';

export interface Owners {
  /** This process, as a word that can name a folder. */
  readonly id: string;
  /** Whether this was a process, and is none any more. */
  isDead(id: string): boolean;
  /** This process owns nothing any more. */
  close(): void;
}

const BEAT_MS = 5_000;
/** Six beats missed: longer than an event loop stalls. */
const LEASE_MS = 30_000;

/** `<pid>-<uuid>` */
const OWNER_ID = /^\d+-[0-9a-f-]+$/;

const processSchema = z.object({
  pid: z.int().positive(),
  place: z.string(),
  startTicks: z.string(),
  container: z.string().optional(),
});
type ProcessIdentity = z.infer<typeof processSchema>;

export interface OwnersOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The id of the container that this process is in; by default what the mounts say. */
  readonly container?: string | undefined;
}

/** Throws when the folder cannot be written. */
export function openOwners({ folder, clock, ids, container = ownContainer() }: OwnersOptions): Owners {
  const own = `${process.pid}-${ids.uuid()}`;
  const fileOf = (id: string) => join(folder, `${id}.json`);
  const identity = identityOf(process.pid);

  const content = JSON.stringify(identity === undefined ? {} : { ...identity, container });
  /**
   * The stamp of our beat before the last. All that lived then has beaten since, or had a whole period for it: also after
   * the file system's clock was set, or all of us stood still.
   */
  let judgedFromMs = Number.NEGATIVE_INFINITY;
  const beat = (): void => {
    judgedFromMs = writeBeat(fileOf(own), content);
  };
  const beatAgain = (): void => {
    try {
      beat();
    } catch {
      // Without a beat of our own nobody is judged. What refuses ours refuses others what they would do to our files.
    }
  };
  const isDead = (id: string): boolean => {
    if (id === own || !OWNER_ID.test(id)) return false;
    const beatenMs = statSync(fileOf(id), { throwIfNoEntry: false })?.mtimeMs;
    if (beatenMs === undefined) return true;
    const there = readIdentity(fileOf(id));
    if (there !== undefined && there.place === identity?.place) {
      return identityOf(there.pid)?.startTicks !== there.startTicks;
    }
    if (there?.container !== undefined && there.container === container) return true;
    return judgedFromMs - beatenMs >= LEASE_MS;
  };

  mkdirSync(folder, { recursive: true, mode: 0o700 });
  beat();
  for (const name of readdirSync(folder)) {
    if (isDead(name.replace(/\.json$/, ''))) rmSync(join(folder, name), { force: true });
  }
  const stopBeat = clock.every(BEAT_MS, beatAgain);
  return {
    id: own,
    isDead,
    close() {
      stopBeat();
      rmSync(fileOf(own), { force: true });
    },
  };
}

/** Gives the file its new stamp, without ever emptying it, and returns the last one; of a new file, that of its making. */
function writeBeat(path: string, content: string): number {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    const { mtimeMs } = fstatSync(file);
    writeSync(file, content, 0);
    return mtimeMs;
  } finally {
    closeSync(file);
  }
}

/** undefined when the file says nothing (yet): then its age decides. */
function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    return processSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** undefined where there is no such process, and on systems without Linux's /proc. */
function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): field 22 is the start time; field 2, the name in parentheses, may itself hold spaces and parentheses.
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = afterName[0];
    if (state === 'Z' || state === 'X') return undefined;
    return { pid, place: `${boot} ${readlinkSync('/proc/self/ns/pid')}`, startTicks: afterName[19] ?? '' };
  } catch {
    return undefined;
  }
}
