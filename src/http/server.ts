/** The HTTP server: the app for requests, the upgrade for streams, one port for both. */
import { createServer as createHttpServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Ids } from '../lib/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import { createStreamTokens, providers, type TwilioAccount, type UsedNonces } from '../telephony/index.ts';
import { type AppDeps, createApp } from './app.ts';
import { limitConnections } from './connections.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { type PassedUpgrade, unpackUpgrade } from './siblings.ts';
import { createUpgrade } from './upgrade.ts';

/** Longer than load balancers keep idle connections (60 s), so that it is they who close them, never in mid-request. */
const KEEP_ALIVE_MS = 75_000;
/** Requests are answered in milliseconds; what is still open after this is cut. */
const CLOSE_GRACE_MS = 2_000;

export interface HttpDeps extends Omit<AppDeps, 'account' | 'tokens' | 'metrics'> {
  readonly ids: Ids;
  readonly metrics: Metrics;
  readonly twilio: TwilioAccount;
  /** Which streams' tokens were let in already. */
  readonly usedNonces: UsedNonces;
  readonly limits?: HttpLimits;
}

export interface HttpServer {
  /** Not yet listening. */
  readonly server: Server;
  /** A stream that reached another process, and is this one's. */
  take(upgrade: PassedUpgrade, socket: Socket): void;
  /** Stops listening, cuts the streams that are left, lets requests finish. Idempotent. */
  close(): Promise<void>;
}

export function createServer(deps: HttpDeps): HttpServer {
  const { clock, ids, logger, metrics, calls, siblings, limits = HTTP_LIMITS } = deps;
  const account = { ...deps.twilio, publicUrl: deps.twilio.publicUrl.replace(/\/+$/, '') };
  // Without an auth token nothing is verified anyway; a secret of this process keeps the tokens working.
  const tokens = createStreamTokens({
    clock,
    ids,
    secret: account.authToken ?? ids.nonce(),
    usedNonces: deps.usedNonces,
  });
  const app = createApp({ ...deps, account, tokens });
  const upgrades = createUpgrade({
    clock,
    logger,
    metrics,
    protocols: providers({ twilio: account }),
    calls,
    tokens,
    closeMs: limits.closeMs,
    siblings,
  });

  const server = createHttpServer(
    {
      requestTimeout: limits.requestMs,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.checkMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    app.callback(),
  );
  const connections = limitConnections(server, limits.connections, () => metrics.connectionsRefused.inc());
  server.on('upgrade', upgrades.handle);

  const take = (upgrade: PassedUpgrade, socket: Socket): void => {
    if (!connections.admit(socket)) return;
    const [request, head] = unpackUpgrade(upgrade, socket);
    upgrades.take(request, socket, head);
  };

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    upgrades.close();
    const cancelCut = clock.after(CLOSE_GRACE_MS, () => server.closeAllConnections());
    return new Promise<void>((resolve) => {
      // An error says that it was not listening, which is as good.
      server.close(() => resolve());
    }).finally(cancelCut);
  };
  return {
    server,
    take,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
