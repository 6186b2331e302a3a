/** The tools that the model has called and that still work: while one does, the agent may be silent. */

/** No tool takes longer; from then on its silence is the agent's. */
const TOOL_LIMIT_MS = 60_000;

export class WorkingTools {
  readonly #untilMs = new Map<string, number>();

  called(ids: readonly string[], nowMs: number): void {
    for (const id of ids) this.#untilMs.set(id, nowMs + TOOL_LIMIT_MS);
  }

  settled(ids: readonly string[]): void {
    for (const id of ids) this.#untilMs.delete(id);
  }

  forget(): void {
    this.#untilMs.clear();
  }

  someAt(nowMs: number): boolean {
    for (const [id, untilMs] of this.#untilMs) if (nowMs >= untilMs) this.#untilMs.delete(id);
    return this.#untilMs.size > 0;
  }
}
