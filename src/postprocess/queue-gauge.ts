/** Keeps the queue's numbers in the metrics. */
import { asFailure, type Cancel, type Clock } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import type { JobQueue } from './queue.ts';

export interface QueueGaugeOptions {
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'queueJobs'>;
}

/** As often as Prometheus usually asks. */
const PERIOD_MS = 15_000;

export function gaugeQueue({ queue, clock, logger, metrics }: QueueGaugeOptions): Cancel {
  const measure = async (): Promise<void> => {
    try {
      for (const [state, jobs] of Object.entries(await queue.counts())) metrics.queueJobs.set({ state }, jobs);
    } catch (error) {
      logger.debug({ err: asFailure(error, 'QUEUE_UNAVAILABLE') }, 'queue not counted');
    }
  };
  void measure();
  return clock.every(PERIOD_MS, () => void measure());
}
