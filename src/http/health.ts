/** What orchestrators and Prometheus ask. */
import type { Middleware } from 'koa';
import type { Metrics } from '../telemetry/index.ts';
import type { Calls } from './calls.ts';

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

export function metricsText(metrics: Pick<Metrics, 'text' | 'contentType'>): Middleware {
  return async (ctx) => {
    ctx.type = metrics.contentType;
    ctx.body = await metrics.text();
  };
}
