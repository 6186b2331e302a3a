/** What a file in config/tools is made with: a function that is given `defineTool` and zod, and gives its tools back. */
import { z } from 'zod';
import type { ToolContext } from './tool.ts';

/** What is known of the call, and the signal that is raised when nobody waits for the result any more. */
export interface FunctionContext extends ToolContext {
  readonly signal: AbortSignal;
}

export interface FunctionTool<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** When and why the model should use it, and what it gives. */
  readonly description: string;
  /** Described with `.describe()`, for the model. */
  readonly parameters?: P | undefined;
  /** Whether using it twice does something twice. Default: true, for a repetition then does no harm. */
  readonly sideEffect?: boolean | undefined;
  /** By what two uses are the same; default: by all arguments. */
  readonly businessKey?: ((args: z.output<P>, context: ToolContext) => string) | undefined;
  /**
   * Gives what the model is told, as JSON can say it. `{ status, retryable, message, … }` is told as it is; anything else as
   * done, with it as `data`. Of a side effect any status counts as done, and is not done again, but `refused`, `not_found`,
   * `no_results`, and what is `retryable`. What it throws is logged, and the model is told that it failed, or, of a side effect,
   * that nobody knows whether it was done.
   */
  readonly run: (args: z.output<P>, context: FunctionContext) => unknown;
}

/** A tool of any parameters. */
export interface DefinedTool extends Omit<FunctionTool, 'businessKey' | 'run'> {
  readonly businessKey?: ((args: never, context: ToolContext) => string) | undefined;
  readonly run: (args: never, context: FunctionContext) => unknown;
}

/** What the default export of such a file is given. */
export interface ToolKit {
  readonly defineTool: typeof defineTool;
  readonly z: typeof z;
}

/** Knows what it made, also across the files that make them. */
const made = new WeakSet<object>();

/** Throws for what is no tool, with what is wrong. */
export function defineTool<P extends z.ZodObject>(definition: FunctionTool<P>): DefinedTool {
  const wrong = shape.safeParse(definition).error;
  if (wrong) throw new Error(`defineTool: ${wrong.issues.map(({ path, message }) => `${path.join('.')} ${message}`)}`);
  const tool: DefinedTool = { ...definition };
  made.add(tool);
  return tool;
}

export function isDefined(value: unknown): value is DefinedTool {
  return typeof value === 'object' && value !== null && made.has(value);
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

const shape = z.object({
  name: z.string({ error: 'must be text' }),
  description: z.string({ error: 'must be text' }).min(1, 'must say when to use it'),
  parameters: z.instanceof(z.ZodObject, { error: 'must be a z.object of the zod that the file is given' }).optional(),
  sideEffect: z.boolean({ error: 'must be true or false' }).optional(),
  businessKey: z.custom(isFunction, { error: 'must be a function' }).optional(),
  run: z.custom(isFunction, { error: 'must be a function' }),
});
