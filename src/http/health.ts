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

/** Whether a load balancer should send new calls here; calls that go on do not depend on it. */
export function readiness(calls: Calls): Middleware {
  return (ctx) => {
    ctx.status = calls.ready ? 200 : 503;
    ctx.body = { ready: calls.ready, because: calls.notReadyBecause, activeCalls: calls.active };
  };
}

export function metricsText(metrics: Pick<Metrics, 'text' | 'contentType'>): Middleware {
  return async (ctx) => {
    ctx.type = metrics.contentType;
    ctx.body = await metrics.text();
  };
}
