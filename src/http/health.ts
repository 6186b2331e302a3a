/** What orchestrators and Prometheus ask. */
import type { Middleware } from 'koa';
import { asFailure } from '../lib/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { Calls } from './calls.ts';
import type { Siblings } from './siblings.ts';

/** The process lives, whatever else is the matter: restarting it would end its calls. */
export function health(): Middleware {
  return (ctx) => {
    ctx.body = { status: 'alive' };
  };
}

/**
 * Whether a load balancer should send requests here, and in words whether new calls are taken. A process that has no room answers
 * all the same: its callers get a busy line, or another replica, and without any that answers even those who are on the line are lost.
 */
export function readiness(calls: Calls): Middleware {
  return (ctx) => {
    ctx.status = calls.notReadyBecause.includes('SERVICE_DRAINING') ? 503 : 200;
    ctx.body = { ready: calls.ready, because: calls.notReadyBecause, activeCalls: calls.active };
  };
}

export interface MetricsTextDeps {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly siblings?: Pick<Siblings, 'sum'> | undefined;
}

/** Of all processes behind this port: which of them answers is chance. */
export function metricsText({ metrics, siblings }: MetricsTextDeps): Middleware {
  return async (ctx) => {
    try {
      ctx.body = await (siblings === undefined ? metrics.text() : siblings.sum());
      ctx.type = metrics.contentType;
    } catch (error) {
      // A sum that lacks a process would be taken for counters that began anew.
      ctx.status = 503;
      ctx.body = `No metrics: ${asFailure(error, 'INTERNAL').message}.\n`;
    }
  };
}
