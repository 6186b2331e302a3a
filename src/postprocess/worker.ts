/** What is done with each job: one step after the other; an attempt that comes later skips what is done. */
import { parseJob } from './job.ts';
import type { Process } from './queue.ts';
import type { Step } from './steps/step.ts';

export function createProcessor(steps: readonly Step[]): Process {
  return async ({ data, doneSteps, stepDone }) => {
    const { record } = parseJob(data);
    for (const step of steps) {
      if (doneSteps.includes(step.name)) continue;
      await step.run(record);
      await stepDone(step.name);
    }
  };
}
