/** The tools of all agents, opened at start: a tool that cannot be had is told then, and not in a call. */
import type { Agent } from '../config/index.ts';
import { asFailure, type Clock, Failure } from '../lib/index.ts';
import { openTool, type Tool } from '../tools/index.ts';

export interface Toolboxes {
  /** By the names of the agents, in the order of their files. */
  readonly tools: ReadonlyMap<string, readonly Tool[]>;
  /** What cannot be had, and what to do about it. */
  readonly problems: readonly string[];
}

export async function inspectToolboxes(agents: readonly Agent[], deps: { readonly clock: Clock }): Promise<Toolboxes> {
  const problems = new Set<string>();
  const openAll = async ({ name, toolSpecs }: Agent): Promise<readonly [string, Tool[]]> => {
    const opened = await Promise.allSettled(toolSpecs.map((spec) => openTool(spec, deps)));
    for (const each of opened) {
      if (each.status === 'rejected') problems.add(asFailure(each.reason, 'CONFIG_INVALID').message);
    }
    return [name, opened.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))];
  };
  return { tools: new Map(await Promise.all(agents.map(openAll))), problems: [...problems] };
}

/** Rejects with Failure CONFIG_INVALID, whose message has all problems. */
export async function openToolboxes(...args: Parameters<typeof inspectToolboxes>): Promise<Toolboxes['tools']> {
  const { tools, problems } = await inspectToolboxes(...args);
  if (problems.length === 0) return tools;
  throw new Failure('CONFIG_INVALID', ['Invalid tools:', ...problems.map((problem) => `✖ ${problem}`)].join('\n'));
}
