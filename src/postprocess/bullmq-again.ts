/** Makes a job in Redis ready to run again, and says where it stands: in one step, so that nobody works on it meanwhile. */
import { defineScript, type Redis } from '../redis/index.ts';
import { KEPT_FIELDS } from './bullmq-kept.ts';

/** BullMQ's words for where a job stands; `waiting` is also one that no list holds. */
export type Standing = 'unknown' | 'active' | 'waiting' | 'delayed' | 'completed' | 'failed';

export interface MadeReady {
  readonly callId: string;
  /** Of all steps, those that are done included; a completed job is left as it is without. */
  readonly afresh: boolean;
  /** What the job is to hold from now on. */
  readonly data?: unknown;
}

/**
 * KEYS are made here: all of a BullMQ queue begin with its prefix. Of a job's hash, `data` and `progress` are what a worker is given,
 * and `atm`, `ats`, `stc` and `failedReason` count the attempts made and started and the stalls, and say why the last one failed.
 * As many jobs are active as there are places at workers.
 */
const MAKE_READY = `
  local prefix, id, afresh, data = ARGV[1], ARGV[2], ARGV[3] == 'afresh', ARGV[4]
  local job = prefix .. id
  if redis.call('EXISTS', job) == 0 then return 'unknown' end
  for _, active in ipairs(redis.call('LRANGE', prefix .. 'active', 0, -1)) do
    if active == id then return 'active' end
  end
  local standing = 'waiting'
  for _, set in ipairs({ 'delayed', 'completed', 'failed' }) do
    if redis.call('ZSCORE', prefix .. set, id) then standing = set end
  end
  if standing == 'completed' and not afresh then return standing end
  if data ~= '' then redis.call('HSET', job, 'data', data) end
  if afresh then
    redis.call('HSET', job, 'progress', '{"doneSteps":[]}')
    redis.call('HDEL', job, '${KEPT_FIELDS.results}', '${KEPT_FIELDS.checkpoints}')
  end
  redis.call('HDEL', job, 'atm', 'ats', 'stc', 'failedReason')
  return standing
`;

/** `prefix`: of the queue's keys. Nothing is changed of a job that is unknown, active, or done and not begun afresh. */
export function defineMakeReady(redis: Redis, prefix: string): (job: MadeReady) => Promise<Standing> {
  const makeReady = defineScript(redis, 'callbridgejobmakeready', MAKE_READY);
  return async ({ callId, afresh, data }) => {
    const stored = data === undefined ? '' : JSON.stringify(data);
    return (await makeReady(prefix, callId, afresh ? 'afresh' : 'again', stored)) as Standing;
  };
}
