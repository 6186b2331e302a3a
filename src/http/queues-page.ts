/** The dashboard of the queue, for whoever has the key. `@bull-board/koa`, which serves it, is an optional package. */
import type { KoaAdapter } from '@bull-board/koa';
import type { Context, Middleware } from 'koa';
import { asFailure } from '../lib/index.ts';
import { requireKey } from './api-key.ts';

const QUEUES_PATH = '/queues';

/** The queue, for a page to show. */
export interface ShownQueue {
  readonly showOn: (page: KoaAdapter) => void;
  /** Rejects with Failure QUEUE_UNAVAILABLE. */
  readonly ready: () => Promise<void>;
}

export type QueuesPage = Middleware;

/**
 * The page is its own: nothing of it goes into another one, and what it fetches is ours. Its styles are in part in the document, and its
 * icons in the styles.
 */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ');

/** Rejects when the package is not installed. */
export async function loadQueuesPage(): Promise<(queue: ShownQueue) => QueuesPage> {
  const { KoaAdapter } = await import('@bull-board/koa');
  return (queue) => {
    const adapter = new KoaAdapter();
    adapter.setBasePath(QUEUES_PATH);
    queue.showOn(adapter);
    // Failures are told by what tells all others.
    adapter.setErrorHandler((error) => {
      throw error;
    });
    const page = adapter.registerPlugin();
    return async (ctx) => {
      await queue.ready();
      ctx.set('Content-Security-Policy', POLICY);
      try {
        await page(ctx, async () => undefined);
      } catch (error) {
        throw asFailure(error, isRequestsFault(error) ? 'API_BAD_REQUEST' : 'QUEUE_UNAVAILABLE');
      }
    };
  };
}

/** `page` undefined: there is no queue to be shown, or nothing to show it with. */
export function queuesPage(key: string | undefined, page: QueuesPage | undefined): Middleware {
  const mayLook = requireKey(key, { byPassword: true });
  return async (ctx: Context, next) => {
    if (page === undefined || !(ctx.path === QUEUES_PATH || ctx.path.startsWith(`${QUEUES_PATH}/`))) return next();
    ctx.set('Cache-Control', 'no-store');
    return mayLook(ctx, () => page(ctx, next));
  };
}

/** As those say who read bodies and send files. */
function isRequestsFault(error: unknown): boolean {
  return error instanceof Error && 'status' in error && Number(error.status) >= 400 && Number(error.status) < 500;
}
