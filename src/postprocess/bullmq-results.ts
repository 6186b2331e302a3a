/**
 * What a job's steps gave, in a field of the job's own hash, which is deleted with it. Not in BullMQ's progress: each change of
 * that goes to a stream of events, which outlives the jobs, and results tell what callers said.
 */
import * as z from 'zod';
import { defineScript, type Redis } from '../redis/index.ts';

export const RESULTS_FIELD = 'callbridge:results';

const resultsSchema = z.record(z.string(), z.unknown());
export type Results = Readonly<z.infer<typeof resultsSchema>>;

/** Only of a job that is there: a hash that held nothing else would pass for a job, and keep the call from being added. */
const KEEP_RESULTS = `
  local job, results = ARGV[1], ARGV[2]
  if redis.call('EXISTS', job) == 0 then return 0 end
  redis.call('HSET', job, '${RESULTS_FIELD}', results)
  return 1
`;

/** `key`: of the job's hash. What cannot be read counts as nothing. */
export async function resultsOf(redis: Redis, key: string): Promise<Results> {
  const stored = await redis.hget(key, RESULTS_FIELD);
  if (stored === null) return {};
  try {
    return resultsSchema.parse(JSON.parse(stored));
  } catch {
    return {};
  }
}

export function defineKeepResults(redis: Redis): (key: string, results: Results) => Promise<void> {
  const keep = defineScript(redis, 'callbridgejobkeepresults', KEEP_RESULTS);
  return async (key, results) => {
    await keep(key, JSON.stringify(results));
  };
}
