/** A call whose stream went to another process is that one's: what was prepared here is not needed any more. */
import type { CallStore } from '../cluster/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Call } from './call.ts';

/** Twilio opens the stream within a second or two of the ring, at whichever process. */
const LOOK_EVERY_MS = 3_000;

export class Sought {
  readonly #clock: Clock;
  readonly #store: Pick<CallStore, 'look'>;
  #nextMs: number;

  constructor(clock: Clock, store: Pick<CallStore, 'look'>) {
    this.#clock = clock;
    this.#store = store;
    this.#nextMs = clock.nowMs() + LOOK_EVERY_MS;
  }

  /** Called a few times a second, while no stream has come here. */
  tick(callId: string, call: Call): void {
    const nowMs = this.#clock.nowMs();
    if (call.wasAnswered || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + LOOK_EVERY_MS;
    void this.#leaveIfElsewhere(callId, call);
  }

  async #leaveIfElsewhere(callId: string, call: Call): Promise<void> {
    const known = await this.#store.look(callId);
    if (known.state === 'running' && known.holder === 'elsewhere' && !call.wasAnswered) call.taken();
  }
}
