/** What is done with each job: one step after the other; an attempt that comes later skips what is done. */
import { asFailure, Failure } from '../lib/index.ts';
import type { CallRecord } from '../transcript/index.ts';
import { parseJob } from './job.ts';
import type { Process } from './queue.ts';
import type { Step } from './steps/step.ts';

/**
 * A step whose earlier ones failed waits for the next attempt, and so do those after it; others go on. The attempt then fails as
 * its first failure says; but as one to be tried again, when any of them is.
 */
export function createProcessor(
  steps: readonly Step[],
  /** What steps get of the record that was queued. */
  completed: (record: CallRecord) => CallRecord = (record) => record,
): Process {
  return async ({ jobId, data, doneSteps, results, failedAttempts, stepDone }) => {
    const record = completed(parseJob(data).record);
    // Its files would replace those of the other call.
    if (record.callId !== jobId) throw new Failure('RECORD_INVALID', 'the job is of another call than its name says');
    const done = new Set([...doneSteps, ...Object.keys(results)]);
    const given = new Map(Object.entries(results));
    const failures: Failure[] = [];
    for (const [index, { name, run, after = names(steps.slice(0, index)) }] of steps.entries()) {
      if (done.has(name) || !after.every((earlier) => done.has(earlier))) continue;
      try {
        const result = await run(record, { results: Object.fromEntries(given), failedAttempts });
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
