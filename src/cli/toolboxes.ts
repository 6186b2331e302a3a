/** The tools of all agents, opened at start: a tool that cannot be had is told then, and not in a call. */
import type { Agent } from '../config/index.ts';
import { asFailure, Failure } from '../lib/index.ts';
import { type Tool, Toolbox, type ToolboxDeps } from '../tools/index.ts';

export interface Toolboxes {
  /** By the names of the agents, in the order of their files. */
  readonly tools: ReadonlyMap<string, readonly Tool[]>;
  readonly close: () => Promise<void>;
}

export interface InspectedToolboxes extends Toolboxes {
  /** What cannot be had, and what to do about it. */
  readonly problems: readonly string[];
}

export async function inspectToolboxes(agents: readonly Agent[], deps: ToolboxDeps): Promise<InspectedToolboxes> {
  const toolbox = new Toolbox(deps);
  const problems = new Set<string>();
  const openAll = async ({ name, toolSpecs }: Agent): Promise<readonly [string, Tool[]]> => {
    const opened = await Promise.allSettled(toolSpecs.map((spec) => toolbox.open(spec)));
    for (const each of opened) {
      if (each.status === 'rejected') problems.add(asFailure(each.reason, 'CONFIG_INVALID').message);
    }
    return [name, opened.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))];
  };
  const tools = new Map(await Promise.all(agents.map(openAll)));
  return { tools, problems: [...problems], close: () => toolbox.close() };
}

/** Rejects with Failure CONFIG_INVALID, whose message has all problems. */
export async function openToolboxes(...args: Parameters<typeof inspectToolboxes>): Promise<Toolboxes> {
  const { problems, ...toolboxes } = await inspectToolboxes(...args);
  if (problems.length === 0) return toolboxes;
  await toolboxes.close();
  throw new Failure(
    'CONFIG_INVALID',
    ['Tools that cannot be had:', ...problems.map((problem) => `✖ ${problem}`)].join('\n'),
  );
}
