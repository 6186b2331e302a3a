/** `callbridge jobs`: what post-processing has done, does and could not do, and how to have it done again. */
import { readFileSync, statSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ConfigSource, processEnv } from '../config/index.ts';
import { Failure, systemClock, systemIds } from '../lib/index.ts';
import { JOB_STATES, type JobState, type JobSummary, type RunAgainResult } from '../postprocess/index.ts';
import { type CallRecord, callRecordSchema } from '../transcript/index.ts';
import { explain } from './fail.ts';
import { type Browsing, type BrowsingTools, openBrowsing } from './job-browsing.ts';
import { jobJson, jobTable, jobText, summaryJson } from './job-text.ts';

/** A screen or two; and as many as one reading of the queue should hold in memory, at some 30 KB each. */
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;
/** As the queue itself: more than a call can say. */
const MAX_RECORD_BYTES = 16 * 2 ** 20;

const HELP = `
The queue is that of REDIS_URL, or else the folder spool of DATA_DIR; the service may run or not.
Exit codes: 0 done, 1 the queue holds no such job or it cannot be run again now, 2 it could not be asked.

Examples:
  callbridge jobs list --state dead          what was given up
  callbridge jobs show CA123                 why
  callbridge jobs retry CA123                try again, without the steps that are done
  callbridge jobs retry --all-dead           after the receiver is mended
  callbridge jobs replay CA123               all steps again, also of a finished job
  callbridge jobs replay CA123 --record data/records/2026-01-31/CA123.json`;

/** Where a command prints, and how it ends; tests bring their own. */
export interface JobsIo {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
  /** What the exit code will be. */
  readonly exitCode: (code: number) => void;
  /** At once: what was typed is no command. */
  readonly exit: (code: number) => never;
}

const TERMINAL: JobsIo = {
  out: console.log,
  error: console.error,
  exitCode: (code) => {
    process.exitCode = code;
  },
  exit: (code) => process.exit(code),
};

/** Whether what was asked for was done. */
type Run = (browsing: Browsing, io: JobsIo) => Promise<boolean>;

export function jobsCommand(
  io = TERMINAL,
  source: ConfigSource = { env: processEnv(), cwd: process.cwd() },
  tools: BrowsingTools = { clock: systemClock, ids: systemIds },
): Command {
  const run = async (command: Run): Promise<void> => {
    try {
      if (!(await browsed(command, io, source, tools))) io.exitCode(1);
    } catch (error) {
      const message = explain(error);
      if (message === undefined) throw error;
      io.error(message);
      io.exitCode(2);
    }
  };
  const jobs = new Command('jobs')
    .description('lists, shows, retries and replays the post-processing of finished calls')
    .addHelpText('after', HELP)
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.error(text.trimEnd()) })
    .exitOverride(({ exitCode }) => io.exit(exitCode === 0 ? 0 : 2));
  jobs
    .command('list')
    .description('lists jobs: given up first, then delayed, active, waiting, done')
    .addOption(new Option('--state <state>', 'of this state alone').choices(JOB_STATES))
    .option('--limit <number>', `at most so many, up to ${MAX_LIMIT}`, count(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--skip <number>', 'passes over so many', count(0, Number.MAX_SAFE_INTEGER), 0)
    .option('--json', 'as one JSON object')
    .action((options: ListOptions) => run(list(options)));
  jobs
    .command('show <callId>')
    .description("shows a job's state, attempts, steps, last failure and next try, and what call it was")
    .option('--dialogue', 'with what was said, keyed in, and told to tools')
    .option('--json', 'as one JSON object, with the call record')
    .action((callId: string, options: ShowOptions) => run(show(callId, options)));
  jobs
    .command('retry [callId]')
    .description('runs a dead or delayed job again now; steps that are done stay done')
    .option('--all-dead', 'all that were given up')
    .action((callId: string | undefined, { allDead = false }: { readonly allDead?: boolean }, command: Command) => {
      if ((callId === undefined) !== allDead) command.error('error: name one call, or give --all-dead');
      return run(callId === undefined ? retryDead : again(callId, false));
    });
  jobs
    .command('replay <callId>')
    .description('runs all steps again, also of a finished job; receivers know the repetition by its webhook-id')
    .option('--record <file>', "the call's record, when the queue has forgotten it")
    .action((callId: string, { record }: { readonly record?: string }) => run(again(callId, true, record)));
  return jobs;
}

async function browsed(command: Run, io: JobsIo, source: ConfigSource, tools: BrowsingTools): Promise<boolean> {
  const browsing = openBrowsing(source, tools);
  try {
    return await command(browsing, io);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'QUEUE_UNAVAILABLE') throw error;
    throw new Failure(error.code, `${browsing.place}: ${error.message}`, { cause: error });
  } finally {
    await browsing.close();
  }
}

interface ListOptions {
  readonly state?: JobState;
  readonly limit: number;
  readonly skip: number;
  readonly json?: boolean;
}

function list({ state, limit, skip, json }: ListOptions): Run {
  return async ({ jobs, place }, { out }) => {
    const counts = await jobs.counts();
    const asked: readonly JobState[] = state === undefined ? JOB_STATES : [state];
    const found: JobSummary[] = [];
    let toSkip = skip;
    for (const one of asked) {
      if (found.length < limit && toSkip < counts[one]) {
        found.push(...(await jobs.list(one, { skip: toSkip, limit: limit - found.length })));
      }
      toSkip = Math.max(0, toSkip - counts[one]);
    }
    const total = asked.reduce((sum, one) => sum + counts[one], 0);
    if (json) {
      out(JSON.stringify({ counts, total, skip, jobs: found.map(summaryJson) }, null, 2));
      return true;
    }
    if (found.length > 0) for (const line of jobTable(found)) out(line);
    out(`${found.length} of ${total} jobs in ${place}`);
    if (skip + found.length < total && found.length > 0) out(`more: --skip ${skip + found.length}`);
    return true;
  };
}

interface ShowOptions {
  readonly dialogue?: boolean;
  readonly json?: boolean;
}

function show(callId: string, { dialogue = false, json }: ShowOptions): Run {
  return async ({ jobs, place }, { out, error }) => {
    const job = await jobs.find(callId);
    if (job === undefined) {
      error(notThere(callId, place));
      return false;
    }
    if (json) out(JSON.stringify(jobJson(job, dialogue), null, 2));
    else for (const line of jobText(job, dialogue)) out(line);
    return true;
  };
}

function again(callId: string, afresh: boolean, recordFile?: string): Run {
  return async ({ jobs, place }, { out, error }) => {
    const record = recordFile === undefined ? undefined : readRecord(recordFile, callId);
    const result = await jobs.runAgain(callId, { afresh, record });
    if (result === 'queued') out(`${callId} waits for the next worker`);
    else error(WHY_NOT[result](callId, place));
    return result === 'queued';
  };
}

const retryDead: Run = async ({ jobs, place }, { out, error }) => {
  const { dead } = await jobs.counts();
  // All of them first: those that are tried and die again come back to where they were.
  const callIds = new Set<string>();
  for (let skip = 0; skip < dead; skip += MAX_LIMIT) {
    for (const { callId } of await jobs.list('dead', { skip, limit: MAX_LIMIT })) callIds.add(callId);
  }
  let queued = 0;
  for (const callId of callIds) {
    const result = await jobs.runAgain(callId, { afresh: false });
    if (result === 'queued') queued++;
    else error(WHY_NOT[result](callId, place));
  }
  out(`${queued} of ${callIds.size} dead jobs wait for the next worker`);
  return queued === callIds.size;
};

function notThere(callId: string, place: string): string {
  return `${place} holds no job of call ${callId}: \`callbridge jobs list\` shows which there are.`;
}

const WHY_NOT: Readonly<Record<Exclude<RunAgainResult, 'queued'>, (callId: string, place: string) => string>> = {
  unknown: (callId, place) => `${notThere(callId, place)} \`replay\` takes a record by --record.`,
  active: (callId) => `${callId} is being worked on: try again when it is done.`,
  done: (callId) => `${callId} is done, so that there is nothing to retry: \`replay\` runs all its steps again.`,
  empty: (callId) => `${callId} has no readable record in the queue: give it to \`replay\` by --record.`,
};

/** Throws RECORD_INVALID. */
function readRecord(path: string, callId: string): CallRecord {
  const invalid = (why: string): Failure => new Failure('RECORD_INVALID', `${path} ${why}`);
  let content: unknown;
  try {
    if (statSync(path).size > MAX_RECORD_BYTES) throw invalid(`is larger than ${MAX_RECORD_BYTES} bytes`);
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw invalid(error instanceof SyntaxError ? 'is no JSON' : `cannot be read: ${String(error)}`);
  }
  const { data: record } = callRecordSchema.safeParse(content);
  if (record === undefined) throw invalid('is no call record of version 1');
  if (record.callId !== callId) throw invalid(`is of call ${record.callId}`);
  return record;
}

function count(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`a number from ${least} to ${most} is wanted`);
  };
}
