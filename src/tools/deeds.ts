/** The side effects of one phone call that were done, or may have been: none of them is done again, unless it was undone. */
import { canonical } from './canonical.ts';
import { otherwise, repeated } from './results.ts';
import type { Tool, ToolArgs, ToolResult } from './tool.ts';

/** Answers by which nothing was done, so that the same call may be made again. */
const NOTHING_DONE = new Set(['invalid_argument', 'refused', 'not_found', 'no_results', 'too_many']);

/** What was asked for, and what came of it. */
export interface Deed {
  readonly args: ToolArgs;
  readonly result: ToolResult;
}

export class Deeds {
  /** By tool, and by what makes them the same. */
  readonly #done = new Map<string, Map<string, Deed>>();
  readonly #timesUndone = new Map<string, number>();

  find(tool: Tool, key: string): Deed | undefined {
    return this.#done.get(nameOf(tool))?.get(key);
  }

  /** How often what the tool did was undone: what it does afterwards is not the same as before. */
  timesUndone(tool: Tool): number {
    return this.#timesUndone.get(nameOf(tool)) ?? 0;
  }

  /** `key` is undefined where doing it twice does no harm. */
  ran(tool: Tool, key: string | undefined, deed: Deed): void {
    // Where nobody knows whether it was undone, whoever does it is asked again: to say that it is done may be wrong.
    if (!NOTHING_DONE.has(deed.result.status)) for (const name of tool.undoes ?? []) this.#undo(name);
    if (key === undefined || !mayBeDone(deed.result)) return;
    const ofTool = this.#done.get(nameOf(tool)) ?? new Map<string, Deed>();
    this.#done.set(nameOf(tool), ofTool.set(key, deed));
  }

  #undo(name: string): void {
    this.#done.delete(name);
    this.#timesUndone.set(name, (this.#timesUndone.get(name) ?? 0) + 1);
  }
}

/** So that the same is not done once more. */
export function mayBeDone({ retryable, status }: ToolResult): boolean {
  return !retryable && !NOTHING_DONE.has(status);
}

/** What the model is told when it asks for the same again: also when it counts as the same, and was asked for otherwise. */
export function toldAgain({ args, result }: Deed, again: ToolArgs): ToolResult {
  const isOtherwise = mayBeDone(result) && canonical(args) !== canonical(again);
  return isOtherwise ? otherwise(args, result) : repeated(result);
}

function nameOf({ declaration }: Tool): string {
  return declaration.name;
}
