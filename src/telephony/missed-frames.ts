/** How many frames a provider has sent that did not arrive, by its counters of frames, or else of messages. */

/** A number that is this far back was not overtaken: the provider counts anew. Ten seconds of 20 ms frames. */
const RESET_AFTER = 500;

export class MissedFrames {
  #chunk: number | undefined;
  #sequence: number | undefined;
  /** Messages since the last frame, that one not counted. */
  #messages = 0;

  /** A message came, of whatever kind; of a frame, before `before`. */
  message(): void {
    this.#messages += 1;
  }

  /** How many are missing before this frame. */
  before({ chunk, sequence }: { readonly chunk?: number | undefined; readonly sequence?: number | undefined }): number {
    const frames = missed(this.#chunk, chunk, 1);
    const messages = missed(this.#sequence, sequence, this.#messages);
    this.#chunk = newest(this.#chunk, chunk);
    this.#sequence = newest(this.#sequence, sequence);
    this.#messages = 0;
    return chunk === undefined ? messages : frames;
  }
}

function missed(last: number | undefined, now: number | undefined, arrived: number): number {
  return last === undefined || now === undefined ? 0 : Math.max(0, now - last - arrived);
}

function newest(last: number | undefined, now: number | undefined): number | undefined {
  if (last === undefined || now === undefined || now > last || last - now > RESET_AFTER) return now ?? last;
  return last;
}
