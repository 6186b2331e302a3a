/** Asks Redis, with a deadline, and keeps account of its being away: counted each time, told once. */
import { asFailure, type Clock, Failure, withDeadline } from '../lib/index.ts';
import { type Redis, whenReady } from '../redis/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';

/** Redis answers in a millisecond; a caller waits for what is asked at the ring. */
const ASK_DEADLINE_MS = 1_000;
/** One moment in which answers are late, however many, may be a busy one; a link that stays mute is made anew. */
const MAX_MISSED = 2;

export interface RedisLinkOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'storeErrors'>;
}

export class RedisLink {
  readonly redis: Redis;
  readonly #options: RedisLinkOptions;
  #away = false;
  /** Deadlines missed in a row, each of what was asked after the last one of them. */
  #missed = 0;
  #lastMissMs = Number.NEGATIVE_INFINITY;

  constructor(options: RedisLinkOptions) {
    this.redis = options.redis;
    this.#options = options;
    // What is asked meanwhile is answered by its own failure.
    this.redis.on('error', () => undefined);
  }

  /** Redis did not answer when it was last asked. */
  get away(): boolean {
    return this.#away;
  }

  /** Rejects with STORE_UNAVAILABLE; at once while Redis is known to be away. */
  async ask<T>(command: () => Promise<T>): Promise<T> {
    const { clock, logger } = this.#options;
    try {
      if (!this.#away) await whenReady(this.redis, clock, ASK_DEADLINE_MS, 'STORE_UNAVAILABLE');
      const askedMs = clock.nowMs();
      const answer = await withDeadline(clock, ASK_DEADLINE_MS, command(), () => this.#mute(askedMs));
      if (this.#away) logger.info({}, 'shared state is back');
      this.#away = false;
      this.#missed = 0;
      return answer;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): Failure {
    const { logger, metrics } = this.#options;
    const failure = asFailure(error, 'STORE_UNAVAILABLE');
    metrics.storeErrors.inc();
    if (!this.#away) logger.error({ err: failure }, 'shared state is away: calls go on, on what this process knows');
    this.#away = true;
    return failure;
  }

  /** A link on which nothing arrives any more breaks after minutes, unless it is broken here. */
  #mute(askedMs: number): Failure {
    if (askedMs < this.#lastMissMs) return unavailable();
    this.#lastMissMs = this.#options.clock.nowMs();
    this.#missed++;
    if (this.#missed % MAX_MISSED === 0) this.redis.disconnect(true);
    return unavailable();
  }
}

function unavailable(): Failure {
  return new Failure('STORE_UNAVAILABLE', 'Redis did not answer in time');
}
