/** Calls that this process lets go: Redis is told, as soon as it answers, so that another process can take them up. */
import { type Entry, heldLongerMs, transferOf } from '../transcript/index.ts';
import { writtenSchema } from './answers.ts';
import type { CallScripts } from './call-scripts.ts';
import type { RedisLink } from './redis-link.ts';
import type { HeldCall } from './write-behind.ts';

/** More than one process has at a time. Beyond this the oldest is on the disk alone. */
const MAX_UNTOLD = 1_000;

export interface LetGoOptions {
  readonly link: RedisLink;
  readonly scripts: CallScripts;
  readonly processId: string;
  /** This process has the call again, or is taking it. */
  readonly isHeld: (callId: string) => boolean;
}

interface Untold {
  readonly call: HeldCall;
  readonly entries: readonly Entry[];
}

export class LetGo {
  readonly #options: LetGoOptions;
  /** Oldest first. */
  readonly #untold = new Map<string, Untold>();
  #telling = false;

  constructor(options: LetGoOptions) {
    this.#options = options;
  }

  has(callId: string): boolean {
    return this.#untold.has(callId);
  }

  /** Whether Redis knows that the call is free. It has all `entries`. */
  async release(callId: string, { epoch }: HeldCall, entries: readonly Entry[]): Promise<boolean> {
    const { link, scripts, processId } = this.#options;
    const longerMs = heldLongerMs(transferOf(entries));
    const answer = await link.ask(() => scripts.release(callId, processId, epoch, longerMs));
    return writtenSchema.parse(answer)[0] === 'taken';
  }

  /** To be told when Redis is back. */
  keep(callId: string, call: HeldCall, entries: readonly Entry[]): void {
    // Of a call that nothing was written of, there is nothing to go on with.
    if (entries.length === 0) return;
    this.#untold.set(callId, { call, entries });
    if (this.#untold.size > MAX_UNTOLD) this.#untold.delete(this.#untold.keys().next().value!);
  }

  /** Redis answers. */
  async tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (const [callId, untold] of this.#untold) {
        if (!this.#options.isHeld(callId)) await this.#tell(callId, untold);
        this.#untold.delete(callId);
      }
    } catch {
      // Counted and told by the link; the next beat that arrives comes back to it.
    } finally {
      this.#telling = false;
    }
  }

  /** A call that another process has taken meanwhile is that one's: both scripts leave it alone. */
  async #tell(callId: string, { call, entries }: Untold): Promise<void> {
    const { link, scripts, processId } = this.#options;
    const { epoch, facts, journal } = call;
    const stored = entries.map((entry) => JSON.stringify(entry));
    await link.ask(() => scripts.restore(callId, processId, epoch, JSON.stringify(facts), journal, ...stored));
    await this.release(callId, call, entries);
  }
}
