/** What the processes share is asked with a deadline, and does without an answer: a caller waits meanwhile. */
import { asFailure, type Clock, Failure, type FailureCode, withDeadline } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';

export interface AskStoreDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures'>;
}

export interface Question<T> {
  readonly callId: string;
  readonly limitMs: number;
  /** What is said of an answer that does not come within `limitMs`. */
  readonly late: string;
  readonly otherwise: T;
  /** What it means that there is no answer, for the log. */
  readonly meaning: string;
  /** A failure that is an answer, and the asker's to hear. */
  readonly passes?: FailureCode;
}

export async function askStore<T>(
  asking: Promise<T>,
  { callId, limitMs, late, otherwise, meaning, passes }: Question<T>,
  { clock, logger, metrics }: AskStoreDeps,
): Promise<T> {
  try {
    return await withDeadline(clock, limitMs, asking, () => new Failure('STORE_UNAVAILABLE', late));
  } catch (error) {
    const failure = asFailure(error, 'STORE_UNAVAILABLE');
    if (failure.code === passes) throw failure;
    metrics.failures.inc({ code: failure.code, fault: failure.fault });
    logger.warn({ callId, err: failure }, meaning);
    return otherwise;
  }
}
