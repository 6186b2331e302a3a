/** The tools of an agent, made of what its file says. */
import { createFunctionTool, type FunctionToolSpec } from './function-tool.ts';
import { createHttpTool, type HttpToolDeps, type HttpToolSpec } from './http-tool.ts';
import type { Tool } from './tool.ts';

export type AnyToolSpec = HttpToolSpec | FunctionToolSpec;

export type ToolboxDeps = HttpToolDeps;

/** Rejects with Failure CONFIG_INVALID when it cannot be had. */
export async function openTool(spec: AnyToolSpec, deps: ToolboxDeps): Promise<Tool> {
  return spec.kind === 'http' ? createHttpTool(spec, deps) : createFunctionTool(spec);
}
