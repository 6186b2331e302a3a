/** The HTTP server of a process that takes no calls: whether it lives, and its numbers. */
import { createServer, type Server } from 'node:http';
import Router from '@koa/router';
import Koa from 'koa';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { limitConnections } from './connections.ts';
import { health, metricsText } from './health.ts';
import { HTTP_LIMITS } from './limits.ts';

/** A scraper and a probe, and as many again that hang. */
const MAX_CONNECTIONS = 16;

export interface MetricsServerDeps {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'text' | 'contentType' | 'connectionsRefused'>;
}

/** Not yet listening. */
export function createMetricsServer({ logger, metrics }: MetricsServerDeps): Server {
  const router = new Router();
  router.get('/healthz', health());
  router.get('/metrics', metricsText({ metrics }));
  const app = new Koa();
  // What fails after the answer has begun, such as a client that goes away; Koa would print it.
  app.on('error', (error) => logger.debug({ err: error }, 'answer broken off'));
  app.use(router.routes());
  app.use(router.allowedMethods());
  const server = createServer(
    {
      requestTimeout: HTTP_LIMITS.requestMs,
      headersTimeout: HTTP_LIMITS.headersMs,
      connectionsCheckingInterval: HTTP_LIMITS.checkMs,
    },
    app.callback(),
  );
  limitConnections(server, MAX_CONNECTIONS, () => metrics.connectionsRefused.inc());
  return server;
}
