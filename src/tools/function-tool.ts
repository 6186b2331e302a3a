/** A tool that is a function in a file of the operator's. */
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { describeIssues, Failure } from '../lib/index.ts';
import { declared, type ToolSpec } from './declaration.ts';
import { type DefinedTool, defineTool, isDefined } from './define-tool.ts';
import { plainText } from './template.ts';
import type { OutsideTool, ToolArgs, ToolContext, ToolDeclaration, ToolResult } from './tool.ts';

export interface FunctionToolSpec extends ToolSpec {
  readonly kind: 'function';
  readonly file: {
    readonly path: string;
    /** As the operator calls it. */
    readonly label: string;
  };
}

/** Throws Failure CONFIG_INVALID, with the file and what to do about it. */
export async function createFunctionTool(spec: FunctionToolSpec): Promise<OutsideTool> {
  const { name, file } = spec;
  const tools = await load(file);
  const definition = tools.find((tool) => tool.name === name);
  if (definition === undefined) {
    const names = tools.map((tool) => tool.name).join(', ');
    throw invalid(file, `has no tool "${name}"; ${names === '' ? 'it gives none' : `it has ${names}`}`);
  }
  return toolOf(spec, definition);
}

function toolOf(spec: FunctionToolSpec, definition: DefinedTool): OutsideTool {
  const { businessKey: template, file } = spec;
  const { description, parameters = z.object({}), businessKey } = definition;
  const sideEffect = spec.sideEffect ?? definition.sideEffect ?? true;
  /** As the function takes them, with their defaults. */
  const parsed = (args: ToolArgs) => parameters.parse(args) as never;
  const keyOf =
    template === undefined
      ? businessKey && ((args: ToolArgs, context: ToolContext) => String(businessKey(parsed(args), context)))
      : (args: ToolArgs, context: ToolContext) => plainText(template, { ...context, args });
  return {
    declaration: declared(spec, description, schemaOf(parameters, file)),
    deadlineMs: spec.deadlineMs,
    sideEffect,
    mayRepeat: !sideEffect,
    undoes: spec.undoes,
    businessKey: keyOf,
    check: (args) => {
      const { error } = parameters.safeParse(args);
      return error && describeIssues(error.issues);
    },
    run: async (args, context, signal) => resultOf(await definition.run(parsed(args), { ...context, signal })),
  };
}

function schemaOf(parameters: z.ZodObject, file: FunctionToolSpec['file']): ToolDeclaration['parameters'] {
  try {
    // The service knows no dialects.
    const { $schema: _, ...schema } = z.toJSONSchema(parameters, { io: 'input' });
    return schema;
  } catch (error) {
    throw invalid(file, `has parameters that no JSON Schema can say (${messageOf(error)}): use plain types`);
  }
}

/** A result of the function's own has a status and a message; anything else is what it found out. */
const ownResult = z.looseObject({ status: z.string(), retryable: z.boolean().default(false), message: z.string() });

function resultOf(value: unknown): ToolResult {
  const done = { status: 'ok', retryable: false, message: 'Done.' };
  if (value === undefined) return done;
  const own = ownResult.safeParse(value).data;
  if (own === undefined) return { ...done, data: value };
  // The Live API gives these two a meaning, and would not show the rest beside them.
  const { output, error, ...rest } = own;
  return { ...rest, ...(output !== undefined && { data: output }), ...(error !== undefined && { reason: error }) };
}

/** Node runs TypeScript from 22.18 and 23.6 on: https://nodejs.org/api/typescript.html. */
function runsTypeScript(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown };
  return typescript !== undefined && typescript !== false;
}

async function load(file: FunctionToolSpec['file']): Promise<DefinedTool[]> {
  if (/\.m?ts$/.test(file.path) && !runsTypeScript()) {
    throw invalid(
      file,
      `needs Node 22.18 or newer, and this is ${process.versions.node}: write it as .mjs, or update Node`,
    );
  }
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(file.path).href);
  } catch (error) {
    // Of a fault of syntax, neither its message nor its stack has the line.
    throw invalid(file, `cannot be loaded: ${messageOf(error)} (\`node ${file.label}\` shows where)`, error);
  }
  if (typeof module.default !== 'function') {
    throw invalid(file, 'must have a function as its default export: export default ({ defineTool, z }) => [ … ]');
  }
  let tools: unknown;
  try {
    tools = await module.default({ defineTool, z });
  } catch (error) {
    throw invalid(file, `does not give its tools: ${messageOf(error)}`, error);
  }
  const list: unknown[] = Array.isArray(tools) ? tools : [tools];
  if (list.every(isDefined)) return list;
  throw invalid(file, 'must give a list of what defineTool makes');
}

function invalid({ label }: FunctionToolSpec['file'], message: string, cause?: unknown): Failure {
  return new Failure('CONFIG_INVALID', `${label}: ${message}`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
