/**
 * A durable queue in a folder: one JSON file a job, named by its id, in the folder of its state.
 *
 *   waiting/<id>.json ──claim──▶ active/<process>/<id>.json ──finish──▶ done/<id>.json
 *        ▲                              │   │   ▲                             │
 *        └───────── postpone ───────────┘   │   └─────── claimAgain ──────────┤
 *                                           └──bury──▶ dead/<id>.json ────────┘
 *
 * Each arrow is one rename, so that a crash leaves the job in one of the two states. A claim belongs to one process:
 * several may work on one folder. `again/<id>.json`, an empty mark, tells them that a job waits no longer.
 */
import { mkdir, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Clock, Failure } from '../lib/index.ts';
import { ifThere, moved, type Owners, orphans, PRIVATE_FOLDER } from '../transcript/index.ts';
import { createDurably, writeDurably } from './durable-file.ts';
import type { JobCounts } from './queue.ts';
import type { RetryPolicy } from './retry.ts';
import {
  claimFolders,
  ENDING,
  exists,
  idsIfThere,
  idsIn,
  MAX_JOB_BYTES,
  readSpooled,
  type Spooled,
} from './spool-file.ts';

const TEMPORARY = '.tmp';

type State = 'waiting' | 'done' | 'dead';
const FOLDERS = ['waiting', 'done', 'dead', 'again'] as const;

export interface SpoolOptions {
  readonly folder: string;
  readonly owners: Owners;
  readonly clock: Clock;
}

export class Spool {
  readonly #folder: string;
  readonly #owners: Owners;
  readonly #clock: Clock;
  readonly #active: string;
  readonly #runAts = new Map<string, number>();
  #temporaries = 0;
  /** The worker of this process, if any, is told of what this process adds; of the rest it learns when it looks. */
  added: (id: string, runAtMs: number) => void = () => undefined;

  private constructor({ folder, owners, clock }: SpoolOptions) {
    this.#folder = folder;
    this.#owners = owners;
    this.#clock = clock;
    this.#active = join(folder, 'active', owners.id);
  }

  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    const folders = FOLDERS.map((name) => join(options.folder, name));
    for (const folder of [...folders, spool.#active]) await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    return spool;
  }

  /** A job that is known, in whatever state, is not added again. */
  async add(id: string, data: unknown): Promise<void> {
    await this.#makeActive();
    if (await this.#isKnown(id)) return;
    const runAtMs = this.#clock.nowMs();
    const content = JSON.stringify(newlySpooled(data, runAtMs));
    if (Buffer.byteLength(content) > MAX_JOB_BYTES) {
      throw new Failure('RECORD_INVALID', `the record is larger than ${MAX_JOB_BYTES} bytes`);
    }
    await createDurably(this.#path('waiting', id), content, await this.#temporary());
    this.added(id, runAtMs);
  }

  /** What waits, and until when. Files are read once: of what another process has put off since, `claim` tells. */
  async waiting(): Promise<ReadonlyMap<string, number>> {
    const ids = new Set(await idsIn(join(this.#folder, 'waiting')));
    for (const id of this.#runAts.keys()) if (!ids.has(id)) this.#runAts.delete(id);
    for (const id of ids) {
      if (this.#runAts.has(id)) continue;
      const job = await readSpooled(this.#path('waiting', id));
      if (job !== undefined) this.#runAts.set(id, job === 'unreadable' ? 0 : job.runAtMs);
    }
    return this.#runAts;
  }

  /** Takes the job; undefined when another process was faster, `unreadable` when it had to be buried unseen. */
  async claim(id: string): Promise<Spooled | 'unreadable' | undefined> {
    await this.#makeActive();
    this.#runAts.delete(id);
    if (!(await moved(this.#path('waiting', id), this.#claimed(id)))) return undefined;
    return this.claimed(id);
  }

  /** A job that this process has claimed. */
  async claimed(id: string): Promise<Spooled | 'unreadable' | undefined> {
    const job = await readSpooled(this.#claimed(id));
    if (job === 'unreadable') await moved(this.#claimed(id), await this.#freeGrave(id));
    return job;
  }

  /** Takes a job that nobody works on, to have it run again, as it stands now; undefined when it is not there. */
  async claimAgain(state: State, id: string): Promise<Spooled | 'unreadable' | undefined> {
    await this.#makeActive();
    return (await moved(this.#path(state, id), this.#claimed(id))) ? readSpooled(this.#claimed(id)) : undefined;
  }

  /** To be run now, also by a process that knows it as one to be run later. */
  async runNow(id: string, job: Spooled): Promise<void> {
    await writeDurably(join(this.#folder, 'again', id + ENDING), '', await this.#temporary());
    await this.postpone(id, job);
  }

  /** Jobs to be read again; told once. */
  async heedAgain(): Promise<string[]> {
    const ids = await idsIfThere(join(this.#folder, 'again'));
    for (const id of ids) {
      this.#runAts.delete(id);
      await rm(join(this.#folder, 'again', id + ENDING), { force: true, recursive: true });
    }
    return ids;
  }

  claimedIds(): Promise<string[]> {
    return idsIn(this.#active);
  }

  /** Keeps what is now known of a claimed job. */
  async save(id: string, job: Spooled): Promise<void> {
    await writeDurably(this.#claimed(id), JSON.stringify(job), await this.#temporary());
  }

  async postpone(id: string, job: Spooled): Promise<void> {
    await this.save(id, job);
    await moved(this.#claimed(id), this.#path('waiting', id));
    // What was read of it while it was being claimed no longer holds.
    this.#runAts.delete(id);
  }

  async bury(id: string, job: Spooled, { code, message }: Failure): Promise<void> {
    await this.save(id, { ...job, failure: { code, message } });
    await moved(this.#claimed(id), this.#path('dead', id));
  }

  /** The job is kept for as long as its id is remembered, so that it can be replayed. */
  async finish(id: string, job: Spooled): Promise<void> {
    const seconds = this.#clock.nowMs() / 1_000;
    await ifThere(utimes(this.#claimed(id), seconds, seconds));
    if (await moved(this.#claimed(id), this.#path('done', id))) return;
    // A person, or a process that took this one for dead, has taken the claim away.
    await writeDurably(this.#path('done', id), JSON.stringify(job), await this.#temporary());
  }

  /** Claims what dead processes had claimed. What was finished but for its removal is removed. */
  async claimOrphans(): Promise<void> {
    await this.#makeActive();
    for await (const { name, path } of orphans(join(this.#folder, 'active'), this.#owners)) {
      const id = basename(name, ENDING);
      if (name.endsWith(TEMPORARY) || (name !== id && (await exists(this.#path('done', id))))) {
        // Half-written, or a job that was published once more while it was done.
        await rm(path, { force: true, recursive: true });
      } else if (name !== id) {
        await moved(path, this.#claimed(id));
      }
    }
  }

  /** Forgets finished jobs that are too old or too many. */
  async forget({ ageMs, count }: RetryPolicy['remembered']): Promise<void> {
    const marks: { id: string; atMs: number }[] = [];
    for (const id of await idsIn(join(this.#folder, 'done'))) {
      marks.push({ id, atMs: (await stat(this.#path('done', id))).mtimeMs });
    }
    marks.sort((a, b) => b.atMs - a.atMs);
    const oldestMs = this.#clock.nowMs() - ageMs;
    for (const [index, { id, atMs }] of marks.entries()) {
      if (index >= count || atMs < oldestMs) await rm(this.#path('done', id), { force: true });
    }
  }

  async counts(): Promise<JobCounts> {
    const nowMs = this.#clock.nowMs();
    const runAts = [...(await this.waiting()).values()];
    const delayed = runAts.filter((runAtMs) => runAtMs > nowMs).length;
    let active = 0;
    for (const folder of await claimFolders(this.#folder)) active += (await idsIfThere(folder)).length;
    return {
      waiting: runAts.length - delayed,
      delayed,
      active,
      done: (await idsIn(join(this.#folder, 'done'))).length,
      dead: (await idsIn(join(this.#folder, 'dead'))).length,
    };
  }

  /**
   * A job that another process moves while we look can be missed, and then runs twice; all steps bear that. It takes two
   * processes that publish the same call at the same moment.
   */
  async #isKnown(id: string): Promise<boolean> {
    const claims = await claimFolders(this.#folder);
    const paths = [
      this.#path('waiting', id),
      ...claims.map((folder) => join(folder, id + ENDING)),
      this.#path('done', id),
      this.#path('dead', id),
    ];
    for (const path of paths) if (await exists(path)) return true;
    return false;
  }

  /** What is damaged must not take the place of a dead job. */
  async #freeGrave(id: string): Promise<string> {
    const grave = this.#path('dead', id);
    return (await exists(grave)) ? this.#path('dead', `${id}.${Math.round(this.#clock.nowMs())}`) : grave;
  }

  #path(state: State, id: string): string {
    return join(this.#folder, state, id + ENDING);
  }

  #claimed(id: string): string {
    return join(this.#active, id + ENDING);
  }

  /** In the folder of this process, so that another clears it away when this one dies. */
  async #temporary(): Promise<string> {
    await this.#makeActive();
    return join(this.#active, `${this.#temporaries++}${TEMPORARY}`);
  }

  /** Again and again: it is gone when another process took this one for dead, or a person tidied up. */
  async #makeActive(): Promise<void> {
    await mkdir(this.#active, { recursive: true, mode: PRIVATE_FOLDER });
  }
}

export function newlySpooled(data: unknown, runAtMs: number): Spooled {
  return { data, runAtMs, failedAttempts: 0, stalls: 0, doneSteps: [], results: {}, checkpoints: {}, failure: null };
}
