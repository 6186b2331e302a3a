/** What is done with each job: one step after the other; an attempt that comes later skips what is done. */
import { Failure } from '../lib/index.ts';
import { parseJob } from './job.ts';
import type { Process } from './queue.ts';
import type { Step } from './steps/step.ts';

export function createProcessor(steps: readonly Step[]): Process {
  return async ({ jobId, data, doneSteps, stepDone }) => {
    const { record } = parseJob(data);
    // Its files would replace those of the other call.
    if (record.callId !== jobId) throw new Failure('RECORD_INVALID', 'the job is of another call than its name says');
    for (const step of steps) {
      if (doneSteps.includes(step.name)) continue;
      await step.run(record);
      await stepDone(step.name);
    }
  };
}
