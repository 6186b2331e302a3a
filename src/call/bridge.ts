/** Runs the machine of one call: holds its state, arms the phase's deadline, and has the effects done in order. */
import type { Cancel, Clock } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { advance, type CallEvent, type CallState, type Effect, FLOW, type Step } from './machine.ts';

/** The process cannot wait, or another one has the call. */
const BEFORE_LAST: ReadonlySet<CallEvent['type']> = new Set(['abandoned', 'taken']);

export interface BridgeOptions {
  readonly clock: Clock;
  /** `begin()`, or `beginTakenUp()`. */
  readonly first: Step;
  readonly logger: Logger;
  /** How much longer than others this call may stay in the phase that it is in. */
  readonly moreMs: () => number;
  /** One action for each effect: leaving one out does not compile. */
  readonly actions: Readonly<Record<Effect, () => void>>;
  /** An event that changed nothing; counted, so that surprises show. */
  readonly ignored: (phase: string, event: string) => void;
}

export class Bridge {
  readonly #options: BridgeOptions;
  #state: CallState;
  #cancelDeadline: Cancel = () => undefined;
  /** Events that effects raise while a step is under way wait behind it. */
  readonly #waiting: CallEvent[] = [];
  #stepping = false;
  #awaitsLast = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#state = options.first[0];
  }

  get state(): CallState {
    return this.#state;
  }

  get flow(): (typeof FLOW)[keyof typeof FLOW] {
    return FLOW[this.#state.phase];
  }

  /** Does what the beginning asks for. Once. */
  start(): void {
    this.#armDeadline();
    this.#take(this.#options.first, 'begin');
    this.#takeWaiting();
  }

  handle(event: CallEvent): void {
    if (this.#awaitsLast && !BEFORE_LAST.has(event.type)) return;
    this.#waiting.push(event);
    if (!this.#stepping) this.#takeWaiting();
  }

  /** The call is over at the provider; until it is known what to say of that, nothing else ends it here, or lets it go. */
  async last(known: Promise<CallEvent>): Promise<void> {
    this.#awaitsLast = true;
    const event = await known;
    this.#awaitsLast = false;
    this.handle(event);
  }

  #takeWaiting(): void {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      this.#take(advance(this.#state, event), event.type);
    }
  }

  #take([next, effects]: Step, event: string): void {
    const from = this.#state.phase;
    const changed = next !== this.#state;
    this.#state = next;
    if (next.phase !== from) this.#armDeadline();
    if (!changed && effects.length === 0) {
      this.#options.ignored(from, event);
      return;
    }
    this.#options.logger.info(
      { from, event, to: next.phase, effects, outcome: 'outcome' in next ? next.outcome : undefined },
      'call step',
    );
    this.#stepping = true;
    for (const effect of effects) this.#perform(effect);
    this.#stepping = false;
  }

  /** An effect that throws is a defect of ours. It ends this call by the usual way, and no other call with it. */
  #perform(effect: Effect): void {
    try {
      this.#options.actions[effect]();
    } catch (error) {
      this.#options.logger.error({ err: error, effect }, 'effect failed');
      this.#waiting.push({ type: 'abandoned', code: 'INTERNAL' });
    }
  }

  #armDeadline(): void {
    this.#cancelDeadline();
    const { deadlineMs } = this.flow;
    this.#cancelDeadline =
      deadlineMs === Number.POSITIVE_INFINITY
        ? () => undefined
        : this.#options.clock.after(deadlineMs + this.#options.moreMs(), () => this.handle({ type: 'deadline' }));
  }
}
