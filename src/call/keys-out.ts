/**
 * Keys that the agent presses for the other side. No stream carries them: when what the agent says is heard, the call leaves its
 * stream, and the provider, which asks what comes next, presses them on the way to the next one. It may ask any process, more than
 * once, and open that stream at another: the keys are shared until the other side is back.
 */
import type { AgentSide } from './agent-side.ts';
import type { CallDeps } from './call-deps.ts';
import type { Phase } from './machine.ts';
import type { OwnStream } from './own-stream.ts';
import type { TakenUp } from './take-up.ts';

/** What the provider takes for each: tone and pause of a key; half a second and a second for the two waits. */
const LENGTHS_MS: Readonly<Record<string, number>> = { w: 500, W: 1_000 };
const KEY_MS = 300;
/** For the provider's question, and the opening of a stream. */
const AROUND_MS = 4_000;
/** For what the agent is saying: a long sentence, and what the tool's 25 s leave beside 24 keys that are all waits. */
export const LAST_WORDS_MS = 8_000;
/** A model that waits for the tool keeps its turn open: so long after the last sound of it no more is to come. */
const NO_MORE_MS = 1_000;

/** How long the other side is away for them at the most. */
export function awayMs(keys: string): number {
  return [...keys].reduce((sum, key) => sum + (LENGTHS_MS[key] ?? KEY_MS), AROUND_MS);
}

export interface KeysOutOptions {
  readonly deps: Pick<CallDeps, 'clock' | 'sharedKeys'> & { readonly facts: Pick<CallDeps['facts'], 'callId'> };
  readonly call: { readonly phase: Phase };
  readonly stream: Pick<OwnStream, 'leave'>;
  readonly agent: Pick<AgentSide, 'playout' | 'generating' | 'hush'>;
  /** Another process had the call, and may have shared keys for it. */
  readonly takenUp: Pick<TakenUp, 'because'> | undefined;
}

/** `talking`, or the stream is left already. */
const LEAVES: ReadonlySet<Phase> = new Set(['talking', 'parted', 'adrift']);

/** Keys that wait for what the agent is saying to be heard. */
interface Waiting {
  readonly keys: string;
  readonly untilMs: number;
  /** When the agent was last heard, or about to be. */
  lastSoundMs: number;
}

export class KeysOut {
  readonly #options: KeysOutOptions;
  #waiting: Waiting | undefined;
  #keys: string | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;
  #back: ((pressed: boolean) => void) | undefined;
  #shared: boolean;
  /** What is told of the call's keys, one after the other. */
  #telling: Promise<void> = Promise.resolve();

  constructor(options: KeysOutOptions) {
    this.#options = options;
    this.#shared = options.takenUp !== undefined;
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
    const { deps, call } = this.#options;
    if (call.phase !== 'talking' || this.#back !== undefined) return undefined;
    const nowMs = deps.clock.nowMs();
    this.#waiting = { keys, untilMs: nowMs + LAST_WORDS_MS, lastSoundMs: nowMs };
    return new Promise((resolve) => {
      this.#back = resolve;
      this.tick();
    });
  }

  /** Called a few times a second. */
  tick(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const { deps, call } = this.#options;
    const isLate = deps.clock.nowMs() >= waiting.untilMs;
    if (call.phase === 'talking' && (isLate || this.#isHeard(waiting))) this.#press(waiting.keys);
    else if (call.phase === 'farewell' || isLate) {
      this.#waiting = undefined;
      this.back(false);
    }
  }

  /** Another stream is there; `pressed`: on the way to it. Keys that still wait are pressed from that one. */
  back(pressed: boolean): void {
    if (this.#shared) void this.#tell((callId) => this.#options.deps.sharedKeys.takeBack(callId));
    this.#shared = false;
    if (this.#waiting !== undefined) return;
    const back = this.#back;
    this.#keys = undefined;
    this.#untilMs = Number.NEGATIVE_INFINITY;
    this.#back = undefined;
    back?.(pressed);
  }

  /** Whether nothing of what the agent was saying is still to be heard. */
  #isHeard(waiting: Waiting): boolean {
    const { agent, deps } = this.#options;
    const nowMs = deps.clock.nowMs();
    if (agent.playout.leftMs > 0) waiting.lastSoundMs = nowMs;
    return agent.generating ? nowMs - waiting.lastSoundMs >= NO_MORE_MS : agent.playout.idle;
  }

  #press(keys: string): void {
    const { clock, sharedKeys } = this.#options.deps;
    const lengthMs = awayMs(keys);
    const back = this.#back;
    this.#waiting = undefined;
    this.#keys = keys;
    this.#untilMs = clock.nowMs() + lengthMs;
    this.#shared = true;
    void this.#tell((callId) => sharedKeys.share(callId, keys)).then(() => {
      // Another stream may have come meanwhile.
      if (this.#back !== back) return;
      this.#untilMs = clock.nowMs() + lengthMs;
      if (!this.#leave()) this.back(false);
    });
  }

  /** Whether the other side comes by another stream: meanwhile it may have been lost, or the agent have begun to say goodbye. */
  #leave(): boolean {
    const { agent, stream, call } = this.#options;
    if (!LEAVES.has(call.phase)) return false;
    // It is not for those to whom the keys lead.
    if (!agent.playout.idle) agent.hush();
    if (call.phase === 'talking') stream.leave('STREAM_LOST', 'left, to have keys pressed');
    return true;
  }

  #tell(what: (callId: string) => Promise<void>): Promise<void> {
    this.#telling = this.#telling.then(() => what(this.#options.deps.facts.callId));
    return this.#telling;
  }
}
