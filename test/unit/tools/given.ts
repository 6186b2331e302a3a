/** A ledger on a hand-wound clock, with tools whose runs the test ends, and a list of what was settled. */
import {
  type CalledTool,
  type Settlement,
  type Tool,
  type ToolArgs,
  type ToolContext,
  ToolLedger,
  type ToolResult,
} from '../../../src/tools/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

export const CONTEXT: ToolContext = {
  call: { id: 'CA1', agent: 'reception', direction: 'inbound', to: '+15550199' },
  caller: { number: '+15550100' },
  called: { number: '+15550199' },
  sip: {},
  vars: {},
};

export const OK: ToolResult = { status: 'ok', retryable: false, message: 'Done.' };

/** One run of a tool, for the test to end. */
export interface StartedRun {
  readonly name: string;
  readonly args: ToolArgs;
  readonly timesUndone: number | undefined;
  readonly signal: AbortSignal;
  readonly resolve: (result: ToolResult) => void;
  readonly reject: (error: unknown) => void;
}

export function givenLedger(tools: readonly Partial<Omit<Tool, 'declaration'> & { readonly name: string }>[]) {
  const clock = new ManualClock();
  const runs: StartedRun[] = [];
  const called: CalledTool[] = [];
  const unawaited: string[] = [];
  const settled: Settlement[] = [];
  const threw: unknown[] = [];
  const ledger = new ToolLedger({
    clock,
    context: CONTEXT,
    actions: {
      leave: () => undefined,
      atMachine: () => undefined,
      takeMessage: () => undefined,
      sendKeys: () => undefined,
      keys: () => '',
    },
    tools: tools.map(({ name = 'tool', ...rest }) => ({
      declaration: { name, description: 'Does something.' },
      deadlineMs: 5_000,
      sideEffect: false,
      mayRepeat: rest.sideEffect !== true,
      check: () => undefined,
      run: (args, { timesUndone }, signal) =>
        new Promise<ToolResult>((resolve, reject) => runs.push({ name, args, timesUndone, signal, resolve, reject })),
      ...rest,
    })),
    called: (call) => called.push(call),
    unawaited: (call, told) => unawaited.push(`${call.id} ${told}`),
    settled: (settlement) => settled.push(settlement),
    threw: (_name, error) => threw.push(error),
  });
  /** What was settled, as `id status told`. */
  const outcome = () => settled.map(({ call, result, told }) => `${call.id} ${result.status} ${told}`);
  return { ledger, clock, runs, called, unawaited, settled, threw, outcome };
}
