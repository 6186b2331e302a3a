/**
 * The tool calls of one phone call: each is run at most once, and each is settled exactly once, whatever happens meanwhile.
 *
 *   called ─┬─ unknown, wrong, too many ──────────────▶ settled
 *           ├─ repeats a side effect ── joins its run ─▶ settled with the run's result
 *           └─ running ── result, failure, deadline ──▶ settled
 *                 ├─ cancelled by the model ──────────▶ settled, told to nobody: at once, or when its side effect is done;
 *                 │                                     told as text when it is done and would be done once more
 *                 ├─ its session is gone for good ────▶ settled as before, told as text
 *                 └─ the call ended ──────────────────▶ settled, told to nobody: at once, or when its side effect is done
 */
import type { Cancel, Clock } from '../lib/index.ts';
import { canonical } from './canonical.ts';
import { Deeds, mayBeDone, toldAgain } from './deeds.ts';
import * as results from './results.ts';
import { UnfitArgument } from './template.ts';
import type { CallActions, Tool, ToolArgs, ToolContext, ToolResult } from './tool.ts';

/** A model that speaks with one person has no use for more; a loop of it would flood what stands behind the tools. */
export const MAX_CALLS_AT_ONCE = 8;
/** Four hours at most with a call every minute or so; a model in a loop ends here. */
export const MAX_CALLS_IN_ALL = 200;
/** Ids are forgotten beyond this many: the service repeats none, and if it did, it would be a recent one. */
const MAX_REMEMBERED_IDS = 1_000;

export interface CalledTool {
  /** Some services leave it empty, and tell calls apart by their names. */
  readonly id: string;
  readonly name: string;
  readonly args: ToolArgs;
}

export interface Settlement {
  readonly call: CalledTool;
  readonly result: ToolResult;
  /** Who is to hear it: the model as the answer to its call, the model as text because its session does not know the call, or nobody. */
  readonly told: 'answer' | 'text' | 'nobody';
}

export interface ToolLedgerOptions {
  readonly clock: Clock;
  readonly tools: readonly Tool[];
  readonly context: ToolContext;
  readonly actions: CallActions;
  /** A call that was not made before. */
  readonly called: (call: CalledTool) => void;
  /** The session that made the call does not wait for its answer any more: who is told of it instead. Again when that changes. */
  readonly unawaited: (call: CalledTool, told: 'text' | 'nobody') => void;
  /** Once for each call. */
  readonly settled: (settlement: Settlement) => void;
  /** A tool threw: told to whoever looks after it, and not to the model. */
  readonly threw: (name: string, error: unknown) => void;
}

interface Left {
  /** Who was to hear of the call. */
  readonly told?: Settlement['told'];
  /** Keys were pressed for the other side on their way here. */
  readonly keysPressed?: boolean;
}

interface Waiting {
  readonly call: CalledTool;
  told: Settlement['told'];
}

interface Run {
  readonly tool: Tool;
  readonly first: CalledTool;
  readonly key: string | undefined;
  readonly abort: AbortController;
  readonly waiting: Waiting[];
  cancelDeadline: Cancel;
}

export class ToolLedger {
  readonly #options: ToolLedgerOptions;
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #ids = new Set<string>();
  readonly #runs = new Set<Run>();
  readonly #deeds = new Deeds();
  #count = 0;
  #closed = false;
  #whenIdle: () => void = () => undefined;

  constructor(options: ToolLedgerOptions) {
    this.#options = options;
    this.#tools = new Map(options.tools.map((tool) => [tool.declaration.name, tool]));
  }

  /** Whether a tool runs. */
  get works(): boolean {
    return this.#runs.size > 0;
  }

  /** Whether one with a side effect does. */
  get deedUnderWay(): boolean {
    return [...this.#runs].some(({ tool }) => tool.sideEffect);
  }

  /** Once, when nothing runs: now, or when the last tool has come to its end. After `close`. */
  whenIdle(told: () => void): void {
    if (this.works) this.#whenIdle = told;
    else told();
  }

  called(call: CalledTool): void {
    if (!this.#isNew(call)) return;
    this.#options.called(call);
    this.#count += 1;
    const tool = this.#tools.get(call.name);
    if (this.#closed) this.#settle(call, results.aborted(), 'nobody');
    else if (tool === undefined) this.#settle(call, results.unknownTool(call.name));
    else if (this.#count > MAX_CALLS_IN_ALL) this.#settle(call, results.tooManyInAll());
    else {
      try {
        this.#begin(call, tool);
      } catch (error) {
        if (error instanceof UnfitArgument) this.#settle(call, results.badArguments(error.message));
        else {
          this.#options.threw(call.name, error);
          this.#settle(call, results.failed());
        }
      }
    }
  }

  /**
   * The model does not wait for them any more. A side effect is not stopped half way: its repetition finds it done. Where it would
   * not, as with keys that are pressed, the model has to know of it.
   */
  cancelled(ids: readonly string[]): void {
    for (const run of [...this.#runs]) {
      const { sideEffect, mayRepeat } = run.tool;
      const told = sideEffect || mayRepeat ? 'nobody' : 'text';
      for (const one of run.waiting) if (ids.includes(one.call.id)) this.#unawaited(one, told);
      if (!sideEffect && run.waiting.every(({ told }) => told === 'nobody')) {
        this.#finish(run, results.cancelled());
      }
    }
  }

  /** A session that knows none of the calls is in the place of the one that made them. */
  sessionReplaced(): void {
    for (const { waiting } of this.#runs) {
      for (const one of waiting) if (one.told === 'answer') this.#unawaited(one, 'text');
    }
  }

  /** What another process knew: its result, or undefined for a call that still ran when the process was gone. */
  takeUp(call: CalledTool, answer: Readonly<Record<string, unknown>> | undefined, left: Left = {}): void {
    const { told = 'answer', keysPressed = false } = left;
    this.#isNew(call);
    this.#count += 1;
    const tool = this.#tools.get(call.name);
    const open = tool?.broughtBack?.(keysPressed) ?? results.interrupted(tool?.mayRepeat ?? false);
    const result = answer === undefined ? open : results.resultOf(answer);
    if (tool !== undefined) this.#ranEarlier(call, tool, result);
    if (answer === undefined) this.#settle(call, result, this.#closed ? 'nobody' : told);
  }

  /** The phone call is over. A side effect is not stopped half way: it has its deadline. */
  close(): void {
    this.#closed = true;
    for (const run of [...this.#runs]) {
      for (const waiting of run.waiting) waiting.told = 'nobody';
      if (!run.tool.sideEffect) this.#finish(run, results.aborted());
    }
  }

  /** After `close`, when nobody can wait any more: nobody knows what becomes of what still runs. */
  giveUp(): void {
    for (const run of [...this.#runs]) this.#finish(run, results.interrupted(run.tool.mayRepeat));
  }

  /** The phone call goes on in another process: what still runs is stopped, and left for that one to settle. */
  leave(): void {
    this.#closed = true;
    for (const run of [...this.#runs]) {
      run.waiting.length = 0;
      this.#finish(run, results.aborted());
    }
  }

  #isNew({ id }: CalledTool): boolean {
    if (id === '') return true;
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > MAX_REMEMBERED_IDS && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }

  #begin(call: CalledTool, tool: Tool): void {
    const wrong = tool.check(call.args);
    if (wrong !== undefined) {
      this.#settle(call, results.badArguments(wrong));
      return;
    }
    const key = tool.sideEffect ? this.#keyOf(call, tool) : undefined;
    const done = key === undefined ? undefined : this.#deeds.find(tool, key);
    const isSame = (run: Run): boolean => run.tool === tool && run.key === key;
    const running = key === undefined ? undefined : [...this.#runs].find(isSame);
    if (done !== undefined) this.#settle(call, toldAgain(done, call.args));
    else if (running !== undefined) running.waiting.push({ call, told: 'answer' });
    else if (this.#runs.size >= MAX_CALLS_AT_ONCE) this.#settle(call, results.tooManyAtOnce());
    else this.#start(call, tool, key);
  }

  #start(call: CalledTool, tool: Tool, key: string | undefined): void {
    const { clock, actions, threw } = this.#options;
    const context = { ...this.#options.context, timesUndone: this.#deeds.timesUndone(tool) };
    const abort = new AbortController();
    const run: Run = {
      tool,
      first: call,
      key,
      abort,
      waiting: [{ call, told: 'answer' }],
      cancelDeadline: clock.after(tool.deadlineMs, () => this.#finish(run, results.tooLate(tool.mayRepeat))),
    };
    this.#runs.add(run);
    // Also what a tool throws before its first await.
    const work = new Promise<ToolResult>((resolve) => resolve(tool.run(call.args, context, abort.signal, actions)));
    work
      .then((result) => results.tellable(result, tool.sideEffect))
      .then(
        (result) => this.#finish(run, result),
        (error) => {
          if (this.#runs.has(run)) threw(call.name, error);
          this.#finish(run, results.ofThrown(error, tool.sideEffect));
        },
      );
  }

  /** The first end of a run counts. */
  #finish(run: Run, result: ToolResult): void {
    if (!this.#runs.delete(run)) return;
    run.cancelDeadline();
    run.abort.abort();
    const deed = { args: run.first.args, result };
    this.#deeds.ran(run.tool, run.key, deed);
    for (const { call, told } of run.waiting) {
      this.#settle(call, call === run.first ? result : toldAgain(deed, call.args), told);
    }
    if (!this.works) this.#whenIdle();
  }

  #ranEarlier(call: CalledTool, tool: Tool, result: ToolResult): void {
    let key: string | undefined;
    try {
      if (tool.sideEffect && mayBeDone(result)) key = this.#keyOf(call, tool);
    } catch (error) {
      // It costs the side effect its mark, and not the call this process as well. That the caller's keys are lost is no fault.
      if (!(error instanceof UnfitArgument)) this.#options.threw(call.name, error);
    }
    const isRepetition = key !== undefined && this.#deeds.find(tool, key) !== undefined;
    if (!isRepetition) this.#deeds.ran(tool, key, { args: call.args, result });
  }

  #keyOf({ args }: CalledTool, { businessKey }: Tool): string {
    return businessKey?.(args, this.#options.context) ?? canonical(args);
  }

  #unawaited(waiting: Waiting, told: 'text' | 'nobody'): void {
    if (waiting.told === told) return;
    waiting.told = told;
    this.#options.unawaited(waiting.call, told);
  }

  #settle(call: CalledTool, result: ToolResult, told: Settlement['told'] = 'answer'): void {
    this.#options.settled({ call, result, told });
  }
}
