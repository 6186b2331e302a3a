/** What may happen to a phone call whose model calls tools, as steps in any order; and what came of it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import fc from 'fast-check';
import { Toolbox } from '../../../src/tools/index.ts';
import type { Entry } from '../../../src/transcript/index.ts';
import { type Asked, AskingLive } from '../../support/asking-live.ts';
import { CallHolders } from '../../support/call-holders.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const RESULTS = {
  ok: { status: 'ok', retryable: false, message: 'Done.' },
  refused: { status: 'refused', retryable: false, message: 'Full.' },
  later: { status: 'unavailable', retryable: true, message: 'Later.' },
} as const;

type How = keyof typeof RESULTS | 'throws';

export type Step =
  | { readonly do: 'ask'; readonly calls: readonly Pick<Asked, 'name' | 'args'>[] }
  /** One of the tools that run ends so. */
  | { readonly do: 'end'; readonly run: number; readonly how: How }
  | { readonly do: 'wait'; readonly ms: number }
  /** The model cancels one of the calls that it waits for. */
  | { readonly do: 'cancel'; readonly which: number }
  /** The session's socket; `afresh`: it cannot be resumed any more. */
  | { readonly do: 'lose'; readonly how: 'breaks' | 'closes' | 'linkDies'; readonly afresh: boolean }
  /** The process gives the call away, or is killed, and another one takes it up. */
  | { readonly do: 'leave' | 'die'; readonly takenAfterMs: number };

const one = <T extends string>(...words: T[]): fc.Arbitrary<T> => fc.constantFrom(...words);
const day = one('Friday', 'Saturday');
const call = fc.oneof(
  { weight: 6, arbitrary: fc.record({ name: one('look', 'book', 'book'), args: fc.record({ day }) }) },
  fc.constantFrom({ name: 'no_such_tool', args: {} }, { name: 'book', args: { day: 7 } }),
);
const calls = fc.array(call, { minLength: 1, maxLength: 3 });
const takenAfterMs = fc.constantFrom(0, 500);

/** How what is under way when the caller hangs up may end. */
export const anyEnds: fc.Arbitrary<How[]> = fc.array(one('ok', 'refused', 'later', 'throws'), { maxLength: 3 });

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ do: one('ask'), calls }) },
  { weight: 7, arbitrary: fc.record({ do: one('end'), run: fc.nat(7), how: one('ok', 'refused', 'later', 'throws') }) },
  { weight: 7, arbitrary: fc.record({ do: one('wait'), ms: fc.constantFrom(10, 300, 2_000, 6_000) }) },
  { weight: 3, arbitrary: fc.record({ do: one('cancel'), which: fc.nat(7) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: one('lose'), how: one('breaks', 'closes', 'linkDies'), afresh: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: one('leave'), takenAfterMs }) },
  { weight: 1, arbitrary: fc.record({ do: one('die'), takenAfterMs }) },
);

/** A dead link is noticed after half a minute, and the session is back some seconds later; tools are ended by their deadlines before. */
const ALL_OVER_MS = 45_000;
const FIRST_WORDS_MS = 1_000;
const TOOL_DEADLINE_MS = 5_000;

/** A tool that was begun, and what its process lived to know of its end. */
interface Run {
  readonly name: string;
  readonly args: { readonly day: string; readonly ref: string };
  readonly signal: AbortSignal;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Which of the call's processes began it. */
  readonly process: number;
  end: 'open' | 'nothingDone' | 'mayBeDone';
  how?: How;
}

/** A tool that was under way when the caller hung up. */
export interface Late {
  readonly name: string;
  /** The call that it was begun for. */
  readonly id: string;
  /** It was stopped at once. */
  readonly stopped: boolean;
  /** What it came to, where its deadline did not come first. */
  readonly how: How | undefined;
}

export interface Outcome {
  readonly live: AskingLive;
  readonly entries: readonly Entry[];
  /** Side effects that were begun though they had been, and may have been done. */
  readonly repeated: readonly Run[];
  /** Whether the call went on until all that was asked could be answered. */
  readonly lasted: boolean;
  readonly late: readonly Late[];
  /** Timers that are armed when the call, and all that was under way, is over. */
  readonly armed: number;
}

const isOpen = ({ end }: Run): boolean => end === 'open';

const path = join(import.meta.dirname, '../../support/told-tools.mjs');
const toolbox = new Toolbox({ clock: new ManualClock() });
const tools = await Promise.all(
  ['look', 'book'].map((name) =>
    toolbox.open({ kind: 'function', name, deadlineMs: TOOL_DEADLINE_MS, file: { path, label: 'told-tools.mjs' } }),
  ),
);

/** The caller hangs up when all of it is over, or `atOnce` after the last step; of what then still runs, some `ends` so. */
export async function afterSteps(
  steps: readonly Step[],
  hangsUp: 'atLast' | 'atOnce' = 'atLast',
  ends: readonly How[] = [],
): Promise<Outcome> {
  const clock = new ManualClock();
  const live = new AskingLive(clock);
  const holders = new CallHolders(clock, live, tools);
  const runs: Run[] = [];
  const repeated: Run[] = [];
  const begun = (message: unknown): void => {
    const run: Run = { ...(message as Run), process: holders.count, end: 'open' };
    const isSame = ({ name, args }: Run): boolean => name === run.name && args.day === run.args.day;
    if (run.name === 'book' && runs.some((each) => isSame(each) && each.end !== 'nothingDone')) repeated.push(run);
    runs.push(run);
  };
  const endOf = (which: number, how: How): void => {
    const open = runs.filter(isOpen);
    endOne(open[which % open.length], how);
  };
  const endOne = (run: Run | undefined, how: How): void => {
    if (run === undefined) return;
    const isKnown = run.process === holders.count && !run.signal.aborted;
    run.end = isKnown && (how === 'refused' || how === 'later') ? 'nothingDone' : 'mayBeDone';
    run.how = how;
    if (how === 'throws') run.reject(new Error('broken'));
    else run.resolve(RESULTS[how]);
  };
  const take = async (step: Step): Promise<void> => {
    if (step.do === 'ask') live.ask(step.calls);
    else if (step.do === 'end') endOf(step.run, step.how);
    else if (step.do === 'wait') await clock.advance(step.ms);
    else if (step.do === 'cancel') live.cancel(step.which);
    else if (step.do === 'lose') {
      if (step.afresh) live.forgetHandles();
      live.lose(step.how);
    } else {
      if (step.do === 'leave') holders.handOver();
      else holders.kill();
      await clock.advance(step.takenAfterMs);
      await holders.begin();
    }
    await clock.advance(0);
  };
  subscribe('callbridge.test.tool', begun);
  try {
    await holders.begin();
    await clock.advance(FIRST_WORDS_MS);
    for (const step of steps) if (holders.goesOn) await take(step);
    if (hangsUp === 'atLast') await clock.advance(ALL_OVER_MS);
    const lasted = holders.goesOn && hangsUp === 'atLast';
    const underWay = runs.filter((run) => isOpen(run) && run.process === holders.count && !run.signal.aborted);
    holders.hangUp();
    await clock.advance(0);
    const stopped = new Set(underWay.filter(({ signal }) => signal.aborted));
    for (const how of ends) {
      await clock.advance(300);
      endOne(
        // Some have come to their deadline meanwhile.
        underWay.find((run) => isOpen(run) && !run.signal.aborted),
        how,
      );
    }
    // Sockets say goodbye to each other meanwhile.
    await clock.advance(TOOL_DEADLINE_MS);
    const late = underWay.map((run) => ({ name: run.name, id: run.args.ref, stopped: stopped.has(run), how: run.how }));
    return { live, entries: await holders.entries(), repeated, lasted, late, armed: clock.armed };
  } finally {
    unsubscribe('callbridge.test.tool', begun);
    await holders.close();
  }
}
