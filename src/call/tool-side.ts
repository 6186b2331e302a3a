/** The tools of a call: what the model calls is run, told to it, and written down. */
import type { LiveSession, ToolCall } from '../live/index.ts';
import { asText, type CallActions, type Settlement, type Tool, ToolLedger } from '../tools/index.ts';
import type { CallAgent } from './call-agent.ts';
import { contextOf } from './call-context.ts';
import type { CallDeps } from './call-deps.ts';
import type { TakenUp } from './take-up.ts';
import type { Watchdog } from './watchdog.ts';

type Left = Pick<TakenUp, 'toolCalls' | 'keysPressed'>;

export interface ToolSideOptions {
  readonly agent: Pick<CallAgent, 'name' | 'tools'>;
  /** What another process left; undefined: the call begins here. */
  readonly left: Left | undefined;
  readonly deps: Pick<CallDeps, 'clock' | 'collector' | 'facts' | 'logger' | 'metrics'>;
  readonly actions: CallActions;
  readonly watchdog: Pick<Watchdog, 'toolsCalled' | 'toolsAnswered' | 'toolsCancelled'>;
  readonly session: () => Pick<LiveSession, 'answerTools'> | undefined;
  /** Says something to the model that it answers at once. */
  readonly order: (text: string) => void;
}

/** Those that waited for their session are fewer: none is called while it is away, and eight at once before that. */
const MAX_TOLD_AGAIN = 32;

export class ToolSide {
  readonly #options: ToolSideOptions;
  readonly #ledger: ToolLedger;
  /** Until it is taken up. */
  #left: Left | undefined;

  constructor(options: ToolSideOptions) {
    this.#options = options;
    this.#left = options.left;
    const { agent, deps, actions, watchdog } = options;
    const known = contextOf(deps.facts);
    this.#ledger = new ToolLedger({
      clock: deps.clock,
      actions,
      tools: agent.tools ?? [],
      context: {
        ...known,
        caller: {
          ...known.caller,
          get keys() {
            return actions.keys();
          },
        },
      },
      called: (call) => {
        watchdog.toolsCalled([call.id]);
        deps.collector.toolCalled(call);
      },
      unawaited: (call, told) => deps.collector.toolUnawaited(call, told),
      settled: (settlement) => this.#settled(settlement),
      threw: (name, error) => deps.logger.error({ tool: name, err: error }, 'tool failed'),
    });
  }

  get work(): boolean {
    return this.#ledger.works;
  }

  get deedUnderWay(): boolean {
    return this.#ledger.deedUnderWay;
  }

  whenIdle(told: () => void): void {
    this.#ledger.whenIdle(told);
  }

  giveUp(): void {
    this.#ledger.giveUp();
  }

  called(calls: readonly ToolCall[]): void {
    for (const call of calls) this.#ledger.called(call);
  }

  cancelled(ids: readonly string[]): void {
    this.#options.deps.logger.info({ ids }, 'model cancelled tool calls');
    this.#ledger.cancelled(ids);
    this.#options.watchdog.toolsCancelled(ids);
  }

  sessionReady(how: 'new' | 'resumed' | 'reseeded'): void {
    if (how !== 'resumed') this.#ledger.sessionReplaced();
  }

  /** There is a session: what ran in another process is told to the model, or known to be done. */
  takeUp(): void {
    if (this.#left === undefined) return;
    const { toolCalls, keysPressed } = this.#left;
    this.#left = undefined;
    for (const { answer, told, unheard: _, ...call } of toolCalls) {
      this.#ledger.takeUp(call, answer, { told, keysPressed });
    }
    // A session that was told these ignores them. One that begins afresh is not told: the caller may know of them long since.
    const unheard = toolCalls.flatMap(({ id, name, answer, unheard }) =>
      unheard && id !== '' && answer !== undefined ? [{ id, name, response: answer }] : [],
    );
    this.#options.session()?.answerTools(unheard.slice(-MAX_TOLD_AGAIN));
  }

  /**
   * Stops questions, and lets side effects come to their end. When the call goes on in another process, all is stopped, and that one
   * settles it, and what was left to this one.
   */
  close(goesOnElsewhere: boolean): void {
    if (goesOnElsewhere) {
      this.#ledger.leave();
      return;
    }
    this.#ledger.close();
    this.takeUp();
  }

  #settled({ call, result, told }: Settlement): void {
    const { agent, deps, watchdog, session, order } = this.#options;
    const { id, name, args } = call;
    deps.collector.toolAnswered({ id, name, answer: result });
    const tool = agent.tools?.find(({ declaration }) => declaration.name === name);
    // A name that the model made up is no label.
    deps.metrics.toolCalls.inc({ tool: tool === undefined ? '' : name, ok: String(result.status === 'ok') });
    deps.logger.info({ tool: name, status: result.status, told }, 'tool call settled');
    if (told === 'text') {
      watchdog.toolsCancelled([id]);
      order(asText(name, args, result));
    } else if (told === 'answer') {
      session()?.answerTools([{ id, name, response: result, asText: asText(name, args, result) }]);
      if (isSilent(tool)) watchdog.toolsCancelled([id]);
      else watchdog.toolsAnswered([id]);
    } else watchdog.toolsCancelled([id]);
  }
}

/** Whether the model has nothing to say to the tool's answer. */
function isSilent(tool: Tool | undefined): boolean {
  return tool?.declaration.scheduling === 'SILENT' && tool.declaration.behavior !== 'BLOCKING';
}
