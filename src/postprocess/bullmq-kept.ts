/**
 * What a job's steps gave, and what unfinished ones want to have again, in fields of the job's own hash, which are deleted with it.
 * Not in BullMQ's progress: each change of that goes to a stream of events, which outlives the jobs, and results tell what callers
 * said.
 */
import * as z from 'zod';
import { defineScript, type Redis } from '../redis/index.ts';

export const KEPT_FIELDS = { results: 'callbridge:results', checkpoints: 'callbridge:checkpoints' } as const;
type Field = keyof typeof KEPT_FIELDS;

const bySteps = z.record(z.string(), z.unknown());
/** By the names of the steps. */
type BySteps = Readonly<z.infer<typeof bySteps>>;
export type Kept = Readonly<Record<Field, BySteps>>;

/** Only of a job that is there: a hash that held nothing else would pass for a job, and keep the call from being added. */
const KEEP = `
  local job, field, value = ARGV[1], ARGV[2], ARGV[3]
  if redis.call('EXISTS', job) == 0 then return 0 end
  redis.call('HSET', job, field, value)
  return 1
`;

/** `key`: of the job's hash. What cannot be read counts as nothing. */
export async function keptOf(redis: Redis, key: string): Promise<Kept> {
  const [results, checkpoints] = await redis.hmget(key, KEPT_FIELDS.results, KEPT_FIELDS.checkpoints);
  return { results: parsed(results), checkpoints: parsed(checkpoints) };
}

function parsed(stored: string | null | undefined): BySteps {
  try {
    return bySteps.parse(JSON.parse(stored ?? '{}'));
  } catch {
    return {};
  }
}

/** All by the key of the job's hash. */
export interface Keep {
  steps(key: string, field: Field, value: BySteps): Promise<void>;
  /** Where BullMQ itself keeps why an attempt failed, for jobs that it does not count as failed. */
  failure(key: string, message: string): Promise<void>;
}

export function defineKeep(redis: Redis): Keep {
  const keep = defineScript(redis, 'callbridgejobkeep', KEEP);
  return {
    async steps(key, field, value) {
      await keep(key, KEPT_FIELDS[field], JSON.stringify(value));
    },
    async failure(key, message) {
      await keep(key, 'failedReason', message);
    },
  };
}
