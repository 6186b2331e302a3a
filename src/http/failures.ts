/** Turns what a handler throws into an answer: the status by the failure's code or fault, and the code, nothing else. */
import type { Middleware } from 'koa';
import { asFailure, type Failure, type FailureCode, type Fault } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';

const STATUS_BY_CODE: Partial<Record<FailureCode, number>> = {
  WEBHOOK_UNSIGNED: 403,
  STREAM_UNSIGNED: 403,
  API_OFF: 404,
  API_UNAUTHORIZED: 401,
  API_RATE_LIMITED: 429,
  API_KEY_REUSED: 409,
  API_IN_PROGRESS: 409,
  CALL_UNKNOWN: 404,
  OUTBOUND_OFF: 403,
  OUTBOUND_REFUSED: 403,
  QUEUE_UNAVAILABLE: 503,
  PROVIDER_REFUSED: 422,
  PROVIDER_BUSY: 503,
  PROVIDER_ACCOUNT: 503,
  SERVICE_DRAINING: 503,
  SERVICE_FULL: 503,
  SERVICE_OVERLOADED: 503,
};

const STATUS_BY_FAULT: Record<Fault, number> = { client: 400, us: 500, provider: 502, model: 502 };

export const statusOf = ({ code, fault }: Pick<Failure, 'code' | 'fault'>): number =>
  STATUS_BY_CODE[code] ?? STATUS_BY_FAULT[fault];

export interface FailureDeps {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'failures'>;
}

/** What we count and say of a request that failed. */
export function report({ logger, metrics }: FailureDeps, failure: Failure): void {
  metrics.failures.inc({ code: failure.code, fault: failure.fault });
  logger[failure.code === 'INTERNAL' ? 'error' : 'warn']({ err: failure }, 'request failed');
}

export function answerFailures(deps: FailureDeps): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const failure = asFailure(error, 'INTERNAL');
      report(deps, failure);
      ctx.status = statusOf(failure);
      ctx.body = { error: failure.code };
    }
  };
}
