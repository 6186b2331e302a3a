/** The embedded queue: a folder on this machine's disk, for a service without Redis. */
import { asFailure } from '../lib/index.ts';
import { jobOf } from './job.ts';
import type { JobQueue } from './queue.ts';
import type { Spool } from './spool.ts';

export function createSpoolQueue(spool: Spool): JobQueue {
  const available = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asFailure(error, 'QUEUE_UNAVAILABLE');
    }
  };
  return {
    add: async (record) => {
      const job = jobOf(record);
      await available(() => spool.add(job.callId, job));
    },
    counts: () => available(() => spool.counts()),
    close: () => Promise.resolve(),
  };
}
