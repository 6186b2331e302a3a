/** The dashboard of the queue at /queues, put together where there is something to show, and somebody to show it to. */
import type { Config } from '../config/index.ts';
import { loadQueuesPage, type QueuesPage } from '../http/index.ts';
import { asFailure } from '../lib/index.ts';
import { loadQueueBoard, RETRY } from '../postprocess/index.ts';
import { isMissingPackage } from './fail.ts';
import type { Tools } from './postprocessing.ts';

export interface QueueDashboard {
  readonly page: QueuesPage;
  close(): Promise<void>;
}

/** The optional packages, loaded. */
export type LoadDashboard = () => Promise<
  [board: Awaited<ReturnType<typeof loadQueueBoard>>, page: Awaited<ReturnType<typeof loadQueuesPage>>]
>;

const loadPackages: LoadDashboard = () => Promise.all([loadQueueBoard(), loadQueuesPage()]);

/** undefined: there is none. A service takes calls all the same. */
export async function openQueueDashboard(
  { api, queue }: Pick<Config, 'api' | 'queue'>,
  { clock, logger }: Pick<Tools, 'clock' | 'logger'>,
  load = loadPackages,
): Promise<QueueDashboard | undefined> {
  const { redisUrl } = queue;
  if (redisUrl === undefined || api.key === undefined) return undefined;
  try {
    const [openBoard, openPage] = await load();
    const board = openBoard({ redisUrl, writable: api.queuesWritable, retry: RETRY, clock, logger });
    return { page: openPage(board), close: board.close };
  } catch (error) {
    if (isMissingPackage(error)) logger.info('no dashboard at /queues: npm install @bull-board/api @bull-board/koa');
    else logger.warn({ err: asFailure(error, 'INTERNAL') }, 'no dashboard at /queues');
    return undefined;
  }
}
