/** A session's place on its route: taken before the first socket is dialled there, given back when the last one is gone. */
import { asFailure, type Clock, Failure, withDeadline } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { LiveRoute } from './route.ts';

/** Counting is one round trip to a store nearby. A store that is away must not silence a call: then nobody counts. */
const CLAIM_DEADLINE_MS = 1_000;

export class Claim {
  readonly #route: LiveRoute;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #taking: Promise<void> | undefined;

  constructor(route: LiveRoute, clock: Clock, logger: Logger) {
    this.#route = route;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Taken once, however often it is asked for. Rejects with Failure LIVE_FULL, and with nothing else. */
  async take(): Promise<void> {
    const { claim } = this.#route;
    if (claim === undefined) return;
    this.#taking ??= claim();
    const late = () => new Failure('STORE_UNAVAILABLE', `no place was given within ${CLAIM_DEADLINE_MS} ms`);
    try {
      await withDeadline(this.#clock, CLAIM_DEADLINE_MS, this.#taking, late);
    } catch (error) {
      const failure = asFailure(error, 'STORE_UNAVAILABLE');
      if (failure.code === 'LIVE_FULL') throw failure;
      this.#logger.warn({ err: failure, route: this.#route.name }, 'live session goes on without a counted place');
    }
  }

  /** Once, when the session has left the route. */
  giveBack(): void {
    // One that is still being given comes too late to be used, and is not kept either.
    this.#taking?.then(
      () => this.#route.unclaim?.(),
      () => undefined,
    );
    this.#taking = undefined;
  }
}
