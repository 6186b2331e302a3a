/** How both sides of the BullMQ queue reach Redis. */
import { Redis, type RedisOptions } from 'ioredis';
import { type Clock, Failure, withDeadline } from '../lib/index.ts';

export const QUEUE_NAME = 'callbridge-calls';

/** A Redis that restarts is back in seconds; asking every five is no burden to one that is not. */
const MAX_RECONNECT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Redis answers in a millisecond: after five seconds the record is safer where it is, in the journal. */
export const COMMAND_DEADLINE_MS = 5_000;

export function connectRedis(url: string, options: RedisOptions): Redis {
  return new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: reconnectDelayMs,
    ...options,
  });
}

/** After so many failures in a row to connect. */
export function reconnectDelayMs(times: number): number {
  return Math.min(MAX_RECONNECT_MS, 100 * 2 ** Math.min(times, 10));
}

/** Resolves once commands can be sent. */
export async function whenReady(redis: Redis, clock: Clock): Promise<void> {
  if (redis.status === 'ready') return;
  let ready = (): void => undefined;
  const became = new Promise<void>((resolve) => {
    ready = resolve;
    redis.once('ready', ready);
  });
  try {
    await withDeadline(clock, COMMAND_DEADLINE_MS, became, unavailable);
  } finally {
    redis.off('ready', ready);
  }
}

export function unavailable(): Failure {
  return new Failure('QUEUE_UNAVAILABLE', 'Redis did not answer in time');
}
