/** Calls that have ended, and of which a side effect is still under way: their transcripts wait for what becomes of it. */
import type { ToolSide } from './tool-side.ts';

/** Each tool ends by its own deadline, at most 50 s after it was called. */
export type LateTools = Pick<ToolSide, 'whenIdle' | 'giveUp'>;

export class LateResults {
  readonly #awaited = new Set<LateTools>();
  readonly #oneLess: () => void;

  /** `oneLess`: told whenever a transcript is complete. */
  constructor(oneLess: () => void) {
    this.#oneLess = oneLess;
  }

  get size(): number {
    return this.#awaited.size;
  }

  /** `complete`: at once where nothing is under way. */
  add(tools: LateTools, complete: () => void): void {
    this.#awaited.add(tools);
    tools.whenIdle(() => {
      this.#awaited.delete(tools);
      complete();
      this.#oneLess();
    });
  }

  /** The process ends. */
  giveUp(): void {
    for (const tools of [...this.#awaited]) tools.giveUp();
  }
}
