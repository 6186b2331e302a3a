/** One line a request. */
import type { Middleware } from 'koa';
import type { Clock } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';

/** What a provider asks is part of a call's history; what probes ask every few seconds is not. */
const levelOf = (method: string): 'info' | 'debug' => (method === 'POST' ? 'info' : 'debug');

export function logRequests({ clock, logger }: { clock: Clock; logger: Logger }): Middleware {
  return async (ctx, next) => {
    const startMs = clock.nowMs();
    await next();
    const tookMs = Math.round(clock.nowMs() - startMs);
    // Without the query, where a webhook's URL may hold anything.
    logger[levelOf(ctx.method)]({ method: ctx.method, path: ctx.path, status: ctx.status, tookMs }, 'request answered');
  };
}
