/** How this service reaches Redis, whatever for. */
import { Redis, type RedisOptions } from 'ioredis';
import { type Clock, Failure, type FailureCode, withDeadline } from '../lib/index.ts';

/** A Redis that restarts is back in seconds; asking every five is no burden to one that is not. */
const MAX_RECONNECT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;

export function connectRedis(url: string, options: RedisOptions): Redis {
  return new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: reconnectDelayMs,
    // While Redis loads what it had, too: what it says of how long that takes is a guess.
    maxLoadingRetryTime: MAX_RECONNECT_MS,
    ...options,
  });
}

/** After so many failures in a row to connect. */
export function reconnectDelayMs(times: number): number {
  return Math.min(MAX_RECONNECT_MS, 100 * 2 ** Math.min(times, 10));
}

/** Resolves once commands can be sent; rejects with a failure of `code` when that takes longer than `limitMs`. */
export async function whenReady(redis: Redis, clock: Clock, limitMs: number, code: FailureCode): Promise<void> {
  if (redis.status === 'ready') return;
  let ready = (): void => undefined;
  const became = new Promise<void>((resolve) => {
    ready = resolve;
    redis.once('ready', ready);
  });
  try {
    await withDeadline(clock, limitMs, became, () => notReady(redis, code));
  } finally {
    redis.off('ready', ready);
  }
}

/** Between `connect` and `ready` ioredis waits until Redis has loaded its data. */
function notReady({ status }: Redis, code: FailureCode): Failure {
  if (status !== 'connect') return new Failure(code, 'Redis did not answer in time');
  return new Failure(code, 'Redis is there, and takes no commands yet: it may still load its data');
}
