/** Which stream tokens were redeemed, at whichever replica: what one has let in, the others refuse. */
import type { Clock } from '../lib/index.ts';
import type { RedisLink } from './redis-link.ts';

export interface SharedNonces {
  /** True for the first claim of `nonce`; it is remembered at least until `untilMs`. */
  claim(nonce: string, untilMs: number): Promise<boolean>;
}

/** Clocks of replicas differ: remembered somewhat longer than the token lives. */
const MARGIN_MS = 60_000;

/** While Redis is away, `own` decides: what this process has let in. */
export function createRedisNonces(options: {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly own: { claim(nonce: string, untilMs: number): boolean };
}): SharedNonces {
  const { link, clock, own } = options;
  return {
    async claim(nonce, untilMs) {
      if (!own.claim(nonce, untilMs)) return false;
      const forMs = Math.max(1, Math.ceil(untilMs - clock.nowMs())) + MARGIN_MS;
      try {
        return (await link.ask(() => link.redis.set(`callbridge:token:${nonce}`, '1', 'PX', forMs, 'NX'))) === 'OK';
      } catch {
        return true;
      }
    },
  };
}
