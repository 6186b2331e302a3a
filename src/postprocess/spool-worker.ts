/** Works off a spool: claims what is due, runs it, and puts it where its result says. */
import { asFailure, type Cancel, Failure } from '../lib/index.ts';
import { type AttemptReport, createAttemptReport } from './attempt-report.ts';
import type { Worker, WorkerOptions } from './queue.ts';
import { isForAnother, retryDelayMs } from './retry.ts';
import type { Spool } from './spool.ts';
import type { Spooled } from './spool-file.ts';

/** What other processes add, or leave behind, is found by looking; a listing costs little, and nobody waits for it. */
const LOOK_MS = 5_000;
/** A job that the disk did not let us move is tried again after a while: its steps may have had their effect already. */
const STRANDED_MS = 60_000;
/** Marks of finished jobs are many, and none is in a hurry to be forgotten. */
const FORGET_MS = 3_600_000;

export function createSpoolWorker(spool: Spool, options: WorkerOptions): Worker {
  return new SpoolWorker(spool, options);
}

class SpoolWorker implements Worker {
  readonly #spool: Spool;
  readonly #options: WorkerOptions;
  readonly #report: AttemptReport;
  /** What waits, and until when, in ms since the Unix epoch. */
  readonly #waiting = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  /** Claimed jobs that could not be moved on, and when they are taken back. */
  readonly #stranded = new Map<string, number>();
  /** What this process lacks, it lacks for as long as it lives. Of what waits, no more. */
  readonly #forOthers = new Set<string>();
  #working = false;
  #looking = false;
  #cancelTimer: Cancel = () => undefined;
  #cancelLook: Cancel = () => undefined;
  #cancelForget: Cancel = () => undefined;

  constructor(spool: Spool, options: WorkerOptions) {
    this.#spool = spool;
    this.#options = options;
    this.#report = createAttemptReport(options);
  }

  async start(): Promise<void> {
    this.#working = true;
    this.#spool.added = (id, runAtMs) => this.#expect(id, runAtMs);
    this.#cancelLook = this.#options.clock.every(LOOK_MS, () => void this.#look());
    this.#cancelForget = this.#options.clock.every(FORGET_MS, () => void this.#forget());
    await this.#forget();
    await this.#look();
  }

  async close(graceMs: number): Promise<boolean> {
    this.#working = false;
    this.#spool.added = () => undefined;
    this.#cancelTimer();
    this.#cancelLook();
    this.#cancelForget();
    if (this.#running.size === 0) return true;
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(graceMs, () => resolve(false));
      void Promise.all(this.#running.values()).then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#spool.claimOrphans();
      for (const id of await this.#spool.claimedIds()) if (!this.#isBusyWith(id)) await this.#takeBack(id);
      for (const id of await this.#spool.heedAgain()) this.#forOthers.delete(id);
      const waiting = await this.#spool.waiting();
      for (const id of this.#forOthers) if (!waiting.has(id)) this.#forOthers.delete(id);
      for (const [id, runAtMs] of waiting) if (!this.#forOthers.has(id)) this.#waiting.set(id, runAtMs);
    } catch (error) {
      this.#options.logger.error({ err: asFailure(error, 'QUEUE_UNAVAILABLE') }, 'queue folder not readable');
    }
    this.#looking = false;
    this.#fill();
  }

  async #forget(): Promise<void> {
    try {
      await this.#spool.forget(this.#options.retry.remembered);
    } catch (error) {
      this.#options.logger.warn({ err: asFailure(error, 'QUEUE_UNAVAILABLE') }, 'finished jobs not forgotten');
    }
  }

  #isBusyWith(id: string): boolean {
    return this.#running.has(id) || (this.#stranded.get(id) ?? 0) > this.#options.clock.nowMs();
  }

  /** Whether a job killed its process or was only there when it died cannot be told: after some times it is given up. */
  async #takeBack(id: string): Promise<void> {
    const { retry, clock, logger } = this.#options;
    this.#stranded.delete(id);
    const job = await this.#spool.claimed(id);
    if (job === undefined) return;
    if (job === 'unreadable') {
      this.#damaged(id);
      return;
    }
    const stalled = { ...job, stalls: job.stalls + 1, runAtMs: clock.nowMs() };
    if (stalled.stalls > retry.stalls) {
      const failure = new Failure('PROCESS_DIED', 'the job was lost with its process too often');
      await this.#spool.bury(id, stalled, failure);
      this.#report.failed(id, failure, job.failedAttempts, undefined);
      return;
    }
    await this.#spool.postpone(id, stalled);
    logger.warn({ callId: id, stalls: stalled.stalls }, 'unfinished job taken back');
  }

  #damaged(id: string): void {
    this.#report.failed(id, new Failure('RECORD_INVALID', 'the job file is damaged'), 1, undefined);
  }

  #expect(id: string, runAtMs: number): void {
    this.#waiting.set(id, runAtMs);
    this.#fill();
  }

  /** Starts what is due and fits, and comes again for the rest. */
  #fill(): void {
    this.#cancelTimer();
    const nowMs = this.#options.clock.nowMs();
    const next = [...this.#waiting].sort(([, a], [, b]) => a - b);
    for (const [id, runAtMs] of next) {
      if (!this.#working || this.#running.size >= this.#options.concurrency) return;
      if (this.#running.has(id)) continue;
      if (runAtMs > nowMs) {
        this.#cancelTimer = this.#options.clock.after(runAtMs - nowMs, () => this.#fill());
        return;
      }
      this.#waiting.delete(id);
      const run = this.#run(id).then(() => {
        this.#running.delete(id);
        this.#fill();
      });
      this.#running.set(id, run);
    }
  }

  /** Never rejects. */
  async #run(id: string): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      const job = await this.#spool.claim(id);
      if (job === undefined) return;
      if (job === 'unreadable') {
        this.#damaged(id);
      } else if (job.runAtMs > clock.nowMs()) {
        // Another process has tried it since we looked.
        await this.#spool.postpone(id, job);
        this.#waiting.set(id, job.runAtMs);
      } else {
        await this.#attempt(id, job);
      }
    } catch (error) {
      this.#stranded.set(id, clock.nowMs() + STRANDED_MS);
      logger.error({ callId: id, err: asFailure(error, 'QUEUE_UNAVAILABLE') }, 'job not moved on');
    }
  }

  async #attempt(id: string, job: Spooled): Promise<void> {
    const { process, clock } = this.#options;
    const startedMs = clock.nowMs();
    const took = (): void => this.#report.took(clock.nowMs() - startedMs);
    let known = job;
    const stepDone = async (name: string, result?: unknown): Promise<void> => {
      const results = result === undefined ? known.results : { ...known.results, [name]: result };
      known = { ...known, doneSteps: [...known.doneSteps, name], results };
      await this.#spool.save(id, known);
    };
    const keepCheckpoint = async (name: string, checkpoint: unknown): Promise<void> => {
      known = { ...known, checkpoints: { ...known.checkpoints, [name]: checkpoint } };
      await this.#spool.save(id, known);
    };
    const { data, doneSteps, results, checkpoints, failedAttempts } = job;
    try {
      await process({
        jobId: id,
        data,
        doneSteps,
        results,
        checkpoints,
        failedAttempts,
        stepDone,
        keepCheckpoint,
      });
    } catch (error) {
      const failure = asFailure(error, 'STEP_FAILED');
      if (isForAnother(failure)) return this.#handBack(id, known, failure);
      took();
      return this.#failed(id, known, failure);
    }
    took();
    await this.#spool.finish(id, known);
    this.#report.done(id);
  }

  /** Due at once, for a process that comes with what is lacking here. */
  async #handBack(id: string, job: Spooled, failure: Failure): Promise<void> {
    const { code, message } = failure;
    this.#forOthers.add(id);
    await this.#spool.postpone(id, { ...job, runAtMs: this.#options.clock.nowMs(), failure: { code, message } });
    this.#report.handedBack(id, failure);
  }

  async #failed(id: string, job: Spooled, failure: Failure): Promise<void> {
    const { retry, clock, ids } = this.#options;
    const failedAttempts = job.failedAttempts + 1;
    const delayMs = retryDelayMs(retry, failure, failedAttempts, ids.fraction());
    if (delayMs === undefined) {
      await this.#spool.bury(id, { ...job, failedAttempts }, failure);
    } else {
      const runAtMs = clock.nowMs() + delayMs;
      const { code, message } = failure;
      await this.#spool.postpone(id, { ...job, failedAttempts, runAtMs, failure: { code, message } });
      this.#waiting.set(id, runAtMs);
    }
    this.#report.failed(id, failure, failedAttempts, delayMs);
  }
}
