/** Looks into a spool, also while other processes work on it, and has its jobs run again. Looking changes nothing. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asFailure, type Clock } from '../lib/index.ts';
import { ifThere } from '../transcript/index.ts';
import { jobOf } from './job.ts';
import type { JobBrowser, JobDetail, JobState, JobSummary, RunAgain, RunAgainResult } from './job-browser.ts';
import type { JobCounts } from './queue.ts';
import { newlySpooled, type Spool } from './spool.ts';
import { claimFolders, ENDING, idsIfThere, readSpooled, type Spooled } from './spool-file.ts';

export interface SpoolBrowserOptions {
  readonly folder: string;
  /** Opened for the first change: to look, nothing need be writable. */
  readonly open: () => Promise<Spool>;
  readonly clock: Clock;
}

export function createSpoolBrowser(options: SpoolBrowserOptions): JobBrowser {
  return new SpoolBrowser(options);
}

interface Found {
  readonly id: string;
  readonly path: string;
  /** Which `waiting` and `delayed` share. */
  readonly folder: 'waiting' | 'active' | 'done' | 'dead';
}

class SpoolBrowser implements JobBrowser {
  readonly #options: SpoolBrowserOptions;
  #spool: Promise<Spool> | undefined;

  constructor(options: SpoolBrowserOptions) {
    this.#options = options;
  }

  counts(): Promise<JobCounts> {
    return available(async () => {
      const waiting = await this.#listWaiting();
      const delayed = waiting.filter(({ state }) => state === 'delayed').length;
      const [active, done, dead] = [await this.#files('active'), await this.#files('done'), await this.#files('dead')];
      return {
        waiting: waiting.length - delayed,
        delayed,
        active: active.length,
        done: done.length,
        dead: dead.length,
      };
    });
  }

  list(state: JobState, { skip, limit }: { readonly skip: number; readonly limit: number }) {
    return available(async () => {
      if (state === 'waiting' || state === 'delayed') {
        const jobs = await this.#listWaiting();
        return jobs.filter((job) => job.state === state).slice(skip, skip + limit);
      }
      const files = await byAge(await this.#files(state));
      if (state !== 'active') files.reverse();
      const jobs = await Promise.all(files.slice(skip, skip + limit).map((file) => this.#read(file)));
      return jobs.filter((job) => job !== undefined).map(summary);
    });
  }

  find(callId: string): Promise<JobDetail | undefined> {
    return available(async () => {
      if (basename(callId) !== callId) return undefined;
      const spool = this.#options.folder;
      const claims = (await claimFolders(spool)).map((path) => ({ folder: 'active' as const, path }));
      const others = (['waiting', 'dead', 'done'] as const).map((folder) => ({ folder, path: join(spool, folder) }));
      for (const { folder, path } of [...claims, ...others]) {
        const job = await this.#read({ id: callId, path: join(path, callId + ENDING), folder });
        if (job !== undefined) return job;
      }
      return undefined;
    });
  }

  async runAgain(callId: string, { afresh, record }: RunAgain): Promise<RunAgainResult> {
    const found = await this.find(callId);
    const data = record === undefined ? found?.data : jobOf(record);
    if (found?.state === 'active') return 'active';
    if (found === undefined && record === undefined) return 'unknown';
    if (found?.state === 'done' && !afresh) return 'done';
    if (data === null) return 'empty';
    return available(async () => {
      this.#spool ??= this.#options.open();
      const spool = await this.#spool;
      if (found === undefined) {
        await spool.add(callId, data);
        return 'queued';
      }
      const folder = found.state === 'delayed' ? 'waiting' : found.state;
      const claimed = folder === 'active' ? undefined : await spool.claimAgain(folder, callId);
      if (claimed === undefined) return 'active';
      const afreshNow = newlySpooled(data, this.#options.clock.nowMs());
      await spool.runNow(
        callId,
        afresh || claimed === 'unreadable' ? afreshNow : { ...afreshNow, ...stepsOf(claimed) },
      );
      return 'queued';
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #listWaiting(): Promise<JobSummary[]> {
    const jobs: JobSummary[] = [];
    for (const file of await byAge(await this.#files('waiting'))) {
      const job = await this.#read(file);
      if (job !== undefined) jobs.push(summary(job));
    }
    return jobs.sort((a, b) => (a.nextTryMs ?? 0) - (b.nextTryMs ?? 0));
  }

  async #files(folder: Found['folder']): Promise<Found[]> {
    const spool = this.#options.folder;
    const folders = folder === 'active' ? await claimFolders(spool) : [join(spool, folder)];
    const found: Found[] = [];
    for (const from of folders) {
      for (const id of await idsIfThere(from)) found.push({ id, path: join(from, id + ENDING), folder });
    }
    return found;
  }

  /** undefined: it has moved meanwhile. */
  async #read({ id, path, folder }: Found): Promise<JobDetail | undefined> {
    const spooled = await readSpooled(path);
    if (spooled === undefined) return undefined;
    if (spooled === 'unreadable') return unreadable(id, folder);
    const { data, runAtMs, failedAttempts, doneSteps, results, failure } = spooled;
    const delayed = folder === 'waiting' && runAtMs > this.#options.clock.nowMs();
    return {
      callId: id,
      state: delayed ? 'delayed' : folder,
      attempts: folder === 'done' ? failedAttempts + 1 : failedAttempts,
      doneSteps,
      lastFailure: lastFailure(failure),
      nextTryMs: delayed ? runAtMs : null,
      data,
      results,
    };
  }
}

function stepsOf({ doneSteps, results, checkpoints }: Spooled): Pick<Spooled, 'doneSteps' | 'results' | 'checkpoints'> {
  return { doneSteps, results, checkpoints };
}

function summary({ data: _, results: __, ...rest }: JobDetail): JobSummary {
  return rest;
}

function lastFailure(failure: Spooled['failure']): string | null {
  return failure === null ? null : `${failure.code}: ${failure.message}`;
}

/** Of a finished one, an older version kept nothing but the name. */
function unreadable(callId: string, folder: Found['folder']): JobDetail {
  const lastFailure = folder === 'done' ? null : 'RECORD_INVALID: the job file is damaged';
  return { callId, state: folder, attempts: 1, doneSteps: [], lastFailure, nextTryMs: null, data: null, results: {} };
}

/** Oldest first. */
async function byAge(files: readonly Found[]): Promise<Found[]> {
  const aged: { readonly file: Found; readonly mtimeMs: number }[] = [];
  for (const file of files) {
    await ifThere(stat(file.path).then(({ mtimeMs }) => aged.push({ file, mtimeMs })));
  }
  return aged.sort((a, b) => a.mtimeMs - b.mtimeMs || a.file.id.localeCompare(b.file.id)).map(({ file }) => file);
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asFailure(error, 'QUEUE_UNAVAILABLE');
  }
}
