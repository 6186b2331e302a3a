/** How a call's job stands in BullMQ, the same for who adds, works and looks. */
import type { Job as BullJob, JobsOptions, Queue } from 'bullmq';
import * as z from 'zod';
import type { JobCounts } from './queue.ts';
import type { RetryPolicy } from './retry.ts';

const progressSchema = z.object({ doneSteps: z.array(z.string()) });

export function addOptions(retry: RetryPolicy): JobsOptions {
  return {
    attempts: retry.attempts,
    backoff: { type: 'custom' },
    removeOnComplete: { age: retry.remembered.ageMs / 1_000, count: retry.remembered.count },
    removeOnFail: false,
  };
}

export function doneStepsOf({ progress }: BullJob): string[] {
  return doneStepsIn(progress);
}

export function doneStepsIn(progress: unknown): string[] {
  return progressSchema.safeParse(progress).data?.doneSteps ?? [];
}

export async function countsOf(queue: Queue): Promise<JobCounts> {
  const counts = await queue.getJobCounts('waiting', 'delayed', 'active', 'completed', 'failed');
  const of = (state: string): number => counts[state] ?? 0;
  return {
    waiting: of('waiting'),
    delayed: of('delayed'),
    active: of('active'),
    done: of('completed'),
    dead: of('failed'),
  };
}
