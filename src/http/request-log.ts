/** One line a request. */
import type { Middleware } from 'koa';
import type { Clock } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';

/** What a provider asks is part of a call's history; what probes ask every few seconds is not. */
const levelOf = (method: string): 'info' | 'debug' => (method === 'POST' ? 'info' : 'debug');

/** Ours have some 20 characters; of others the beginning tells enough. */
const MAX_PATH_CHARACTERS = 64;

/** What anybody may ask for, as something to be read in a terminal. */
const pathOf = (path: string): string => path.slice(0, MAX_PATH_CHARACTERS).replace(/[^\x21-\x7e]/g, '?');

export function logRequests({ clock, logger }: { clock: Clock; logger: Logger }): Middleware {
  return async (ctx, next) => {
    const startMs = clock.nowMs();
    await next();
    const tookMs = Math.round(clock.nowMs() - startMs);
    // Without the query, where a webhook's URL may hold anything.
    const { method, path, status } = ctx;
    logger[levelOf(method)]({ method, path: pathOf(path), status, tookMs }, 'request answered');
  };
}
