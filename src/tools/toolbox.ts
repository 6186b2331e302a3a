/** The tools of an agent, made of what its file says. */
import { createHttpTool, type HttpToolDeps, type HttpToolSpec } from './http-tool.ts';
import type { Tool } from './tool.ts';

export type AnyToolSpec = HttpToolSpec;

export type ToolboxDeps = HttpToolDeps;

/** In the order of the file. */
export async function openTools(specs: readonly AnyToolSpec[], deps: ToolboxDeps): Promise<readonly Tool[]> {
  return specs.map((spec) => createHttpTool(spec, deps));
}
