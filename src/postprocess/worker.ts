/** What is done with each job: one step after the other; an attempt that comes later skips what is done. */
import { asFailure, Failure } from '../lib/index.ts';
import type { CallRecord } from '../transcript/index.ts';
import { parseJob } from './job.ts';
import type { Process } from './queue.ts';
import type { Progress, Step } from './steps/step.ts';

/**
 * A step whose earlier ones failed waits for the next attempt, and so do those after it; others go on. The attempt then fails as
 * its first failure says; but as one to be tried again, when any of them is.
 */
export function createProcessor(
  steps: readonly Step[],
  /** What steps get of the record that was queued, and of what earlier ones gave. */
  completed: (record: CallRecord, results: Progress['results']) => CallRecord = (record) => record,
): Process {
  return async ({ jobId, data, doneSteps, results, checkpoints, failedAttempts, stepDone, keepCheckpoint }) => {
    const { record } = parseJob(data);
    // Its files would replace those of the other call.
    if (record.callId !== jobId) throw new Failure('RECORD_INVALID', 'the job is of another call than its name says');
    const done = new Set([...doneSteps, ...Object.keys(results)]);
    const given = new Map(Object.entries(results));
    const failures: Failure[] = [];
    for (const [index, { name, run, after = names(steps.slice(0, index)) }] of steps.entries()) {
      const earlier = typeof after === 'function' ? after(record) : after;
      if (done.has(name) || !earlier.every((each) => done.has(each))) continue;
      try {
        const soFar = Object.fromEntries(given);
        const keep = (checkpoint: unknown): Promise<void> => keepCheckpoint(name, checkpoint);
        const progress = { results: soFar, failedAttempts, checkpoint: checkpoints[name], keep };
        const result = await run(completed(record, soFar), progress);
        await stepDone(name, result);
        if (result !== undefined) given.set(name, result);
        done.add(name);
      } catch (error) {
        failures.push(asFailure(error, 'STEP_FAILED'));
      }
    }
    const failure = failures.find(({ retryable }) => retryable) ?? failures[0];
    if (failure !== undefined) throw failure;
  };
}

function names(steps: readonly Step[]): string[] {
  return steps.map(({ name }) => name);
}
