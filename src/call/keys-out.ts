/**
 * Keys that the agent presses for the other side. No stream carries them: the call leaves its stream, and the provider, which asks
 * what comes next, presses them on the way to the next one. It may ask any process, more than once, and open that stream at another:
 * the keys are shared until the other side is back.
 */
import type { CallDeps } from './call-deps.ts';
import type { Phase } from './machine.ts';
import type { OwnStream } from './own-stream.ts';

/** What the provider takes for each: tone and pause of a key; half a second and a second for the two waits. */
const LENGTHS_MS: Readonly<Record<string, number>> = { w: 500, W: 1_000 };
const KEY_MS = 300;
/** For the provider's question, and the opening of a stream. */
const AROUND_MS = 4_000;

/** How long the other side is away for them at the most. */
export function awayMs(keys: string): number {
  return [...keys].reduce((sum, key) => sum + (LENGTHS_MS[key] ?? KEY_MS), AROUND_MS);
}

export interface KeysOutOptions {
  readonly deps: Pick<CallDeps, 'clock' | 'sharedKeys'> & { readonly facts: Pick<CallDeps['facts'], 'callId'> };
  readonly stream: Pick<OwnStream, 'leave'>;
  readonly phase: () => Phase;
  /** Another process had the call, and may have shared keys for it. */
  readonly takenUp: boolean;
}

export class KeysOut {
  readonly #options: KeysOutOptions;
  #keys: string | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;
  #back: ((pressed: boolean) => void) | undefined;
  #shared: boolean;
  /** What is told of the call's keys, one after the other. */
  #telling: Promise<void> = Promise.resolve();

  constructor(options: KeysOutOptions) {
    this.#options = options;
    this.#shared = options.takenUp;
  }

  /** Whether the other side is away for the keys, and is not to be looked for. */
  get underWay(): boolean {
    return this.#options.deps.clock.nowMs() < this.#untilMs;
  }

  /** What the provider is to press, however often it asks, until the other side is back. */
  get keys(): string | undefined {
    return this.#keys;
  }

  /** Resolves when the other side is back by another stream, with whether they were pressed. undefined: it cannot be done now. */
  begin(keys: string): Promise<boolean> | undefined {
    const { deps, phase } = this.#options;
    if (phase() !== 'talking' || this.underWay) return undefined;
    const lengthMs = awayMs(keys);
    this.#keys = keys;
    this.#untilMs = deps.clock.nowMs() + lengthMs;
    this.#shared = true;
    return new Promise((resolve) => {
      this.#back = resolve;
      void this.#tell((callId) => deps.sharedKeys.share(callId, keys)).then(() => {
        // Another stream may have come meanwhile.
        if (this.#back !== resolve) return;
        this.#untilMs = deps.clock.nowMs() + lengthMs;
        if (!this.#leave()) this.back(false);
      });
    });
  }

  /** Another stream is there; `pressed`: on the way to it. */
  back(pressed: boolean): void {
    if (this.#shared) void this.#tell((callId) => this.#options.deps.sharedKeys.takeBack(callId));
    const back = this.#back;
    this.#keys = undefined;
    this.#untilMs = Number.NEGATIVE_INFINITY;
    this.#back = undefined;
    this.#shared = false;
    back?.(pressed);
  }

  /** Whether the other side comes by another stream: meanwhile it may have been lost, or the agent have begun to say goodbye. */
  #leave(): boolean {
    const { stream, phase } = this.#options;
    if (phase() === 'talking') stream.leave('STREAM_LOST', 'left, to have keys pressed');
    return phase() === 'parted' || phase() === 'adrift';
  }

  #tell(what: (callId: string) => Promise<void>): Promise<void> {
    this.#telling = this.#telling.then(() => what(this.#options.deps.facts.callId));
    return this.#telling;
  }
}
