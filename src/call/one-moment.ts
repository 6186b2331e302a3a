/**
 * When a caller is asked for a moment: the session is not there yet, or not any more, the agent owes them something, and nothing
 * has been heard for so long that the silence is thought to be the end. Once a wait, which lasts until the agent speaks.
 */
import type { Clock } from '../lib/index.ts';

export interface Wait {
  /** The session is on its way, and the caller is on the line. */
  readonly away: boolean;
  /** The caller waits for the greeting, an answer, the rest of a sentence, or to hear why they are back from a transfer. */
  readonly owed: boolean;
  /** Something is heard: the caller, or what the provider has still to play, as far as the echoes tell; or it rings. */
  readonly sounds: boolean;
}

export class OneMoment {
  readonly #clock: Clock;
  /** undefined: nobody is asked. */
  #afterMs: number | undefined;
  #quietSinceMs: number;
  #said = false;

  constructor(clock: Clock, afterMs: number | undefined) {
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#quietSinceMs = clock.nowMs();
  }

  /** A key was pressed, by the caller or for them: no sound here, and no silence. */
  keyPressed(): void {
    this.#quietSinceMs = this.#clock.nowMs();
  }

  /** Nobody listens who could wait. */
  never(): void {
    this.#afterMs = undefined;
  }

  /** The session is there, and works. */
  agentSpoke(): void {
    this.#said = false;
  }

  /** Called a few times a second. Whether now is the time. */
  look({ away, owed, sounds }: Wait): boolean {
    const nowMs = this.#clock.nowMs();
    if (sounds) this.#quietSinceMs = nowMs;
    if (this.#afterMs === undefined || this.#said || !away || !owed) return false;
    this.#said = nowMs - this.#quietSinceMs >= this.#afterMs;
    return this.#said;
  }
}
