/** How much the caller has said since the agent last spoke: whether an answer is due, even if nobody says that it was heard. */

/** A cough or a "hm" is shorter; who spoke for longer expects an answer. */
const CLAIM_MS = 600;
/** Pieces of voice that are further apart do not make one claim. */
const CLAIM_PAUSE_MS = 3_000;

export class CallerClaim {
  #speaks = false;
  #startMs = Number.NEGATIVE_INFINITY;
  #endMs = Number.NEGATIVE_INFINITY;
  #voicedMs = 0;

  get speaks(): boolean {
    return this.#speaks;
  }

  /** When the newest piece of voice began. */
  get startMs(): number {
    return this.#startMs;
  }

  get endMs(): number {
    return this.#endMs;
  }

  get voiced(): boolean {
    return this.#voicedMs > 0;
  }

  get isDue(): boolean {
    return this.#voicedMs >= CLAIM_MS;
  }

  /** Whether there are words to answer, the last of which were said before `atMs`, and so long ago, before `turnMs`, that they are a whole turn. */
  wasDoneBy(atMs: number, turnMs: number): boolean {
    return this.voiced && !this.#speaks && this.#endMs <= atMs && this.#endMs <= turnMs;
  }

  started(atMs: number): void {
    if (atMs - this.#endMs > CLAIM_PAUSE_MS) this.#voicedMs = 0;
    this.#speaks = true;
    this.#startMs = atMs;
  }

  ended(atMs: number): void {
    if (!this.#speaks) return;
    this.#speaks = false;
    this.#endMs = atMs;
    this.#voicedMs += atMs - this.#startMs;
  }

  /** The agent speaks: what the caller said until now is being answered. */
  answered(): void {
    this.#voicedMs = 0;
  }
}
