/** The tools of all agents, opened at start: a tool that cannot be had is told then, and not in a call. */
import type { Agent } from '../config/index.ts';
import type { Clock } from '../lib/index.ts';
import { openTools, type Tool } from '../tools/index.ts';

export type Toolboxes = ReadonlyMap<string, readonly Tool[]>;

/** By the names of the agents. */
export async function openToolboxes(agents: readonly Agent[], deps: { readonly clock: Clock }): Promise<Toolboxes> {
  const opened = agents.map(async ({ name, toolSpecs }) => [name, await openTools(toolSpecs, deps)] as const);
  return new Map(await Promise.all(opened));
}
