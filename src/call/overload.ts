/** Whether the process has more to do than it can: new calls are refused before running ones suffer. */
import type { Cancel, Clock, LoopDelay } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';

/** A mean over so long leaves out single stalls, such as a garbage collection, which playout bridges unheard. */
const WINDOW_MS = 2_000;
/** A tenth of an answer's time: callers begin to notice, while playout, seconds ahead, does not. */
const TOO_LATE_MS = 100;
/** In a row: calls are refused for what lasts, and a busy moment, such as a start, is over by then. */
const LATE_WINDOWS = 2;
/** Well below the other, or calls would be let in and refused in turn. */
const IN_TIME_MS = 30;
/** How many windows in a row must be in time: a burst of calls that ends together is no recovery. */
const CALM_WINDOWS = 3;

export interface OverloadDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'loopDelaySeconds' | 'overloaded'>;
  readonly loopDelay: LoopDelay;
}

export class Overload {
  readonly #deps: OverloadDeps;
  readonly #cancel: Cancel;
  #isOn = false;
  #lateWindows = 0;
  #calmWindows = 0;

  constructor(deps: OverloadDeps) {
    this.#deps = deps;
    // What was before, such as the loading of all code, says nothing of calls.
    deps.loopDelay.readMs();
    this.#cancel = deps.clock.every(WINDOW_MS, () => this.#look());
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  close(): void {
    this.#cancel();
    this.#deps.loopDelay.stop();
  }

  #look(): void {
    const { loopDelay, metrics } = this.#deps;
    const meanMs = loopDelay.readMs();
    metrics.loopDelaySeconds.set(meanMs / 1_000);
    this.#lateWindows = meanMs > TOO_LATE_MS ? this.#lateWindows + 1 : 0;
    this.#calmWindows = meanMs <= IN_TIME_MS ? this.#calmWindows + 1 : 0;
    if (!this.#isOn && this.#lateWindows >= LATE_WINDOWS) this.#turn(true, meanMs);
    else if (this.#isOn && this.#calmWindows >= CALM_WINDOWS) this.#turn(false, meanMs);
  }

  #turn(isOn: boolean, meanMs: number): void {
    this.#isOn = isOn;
    this.#deps.metrics.overloaded.set(isOn ? 1 : 0);
    this.#deps.logger.warn({ isOn, loopDelayMs: Math.round(meanMs) }, 'event loop overload');
  }
}
