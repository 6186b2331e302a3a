/** What lies in the queue: one job a call, its id the call's, so that publishing twice is harmless. */
import * as z from 'zod';
import { describeIssues, Failure } from '../lib/index.ts';
import { type CallRecord, callRecordSchema, checkedCallId } from '../transcript/index.ts';

export const jobSchema = z.object({ version: z.literal(1), callId: z.string(), record: callRecordSchema });
export type Job = Readonly<z.infer<typeof jobSchema>>;

export function jobOf(record: CallRecord): Job {
  return { version: 1, callId: checkedCallId(record.callId), record };
}

/**
 * Throws RECORD_INVALID: what another version wrote, or a disk damaged, is not processed by guesswork. Nor is what somebody
 * else put into a Redis that is shared: the call's id names files.
 */
export function parseJob(data: unknown): Job {
  const { data: job, error } = jobSchema.safeParse(data);
  if (error !== undefined) {
    throw new Failure('RECORD_INVALID', `the job is not of a known form: ${describeIssues(error.issues)}`);
  }
  if (job.record.callId !== job.callId)
    throw new Failure('RECORD_INVALID', "the job and its record differ in the call's id");
  checkedCallId(job.callId);
  return job;
}
