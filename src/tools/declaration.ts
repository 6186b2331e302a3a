/** What the model is told of a tool before it calls it. */
import type { Template } from './template.ts';
import type { ToolDeclaration } from './tool.ts';

/** What an agent's file says of a tool of any kind. */
export interface ToolSpec {
  readonly name: string;
  readonly behavior?: ToolDeclaration['behavior'];
  readonly scheduling?: ToolDeclaration['scheduling'];
  readonly deadlineMs: number;
  /** What the agent says before it uses the tool. */
  readonly meanwhile?: string | undefined;
  readonly sideEffect?: boolean | undefined;
  /** The tools of the agent's whose side effects it undoes. */
  readonly undoes?: readonly string[] | undefined;
  readonly businessKey?: Template | undefined;
}

/** A text sent while a tool works would count as input, which cancels a call that the model waits for: so it is told in advance. */
export function declared(
  { name, behavior, scheduling, meanwhile }: ToolSpec,
  description: string,
  parameters: ToolDeclaration['parameters'],
): ToolDeclaration {
  const note = meanwhile === undefined ? '' : ` Before you call it, tell the caller: "${meanwhile}"`;
  return { name, description: description + note, parameters, behavior, scheduling };
}

/** The declaration as a model takes it that lets tools declare these behaviours: what it does not take ends the session. */
export function fitted(
  { behavior, scheduling, ...rest }: ToolDeclaration,
  behaviors: readonly NonNullable<ToolDeclaration['behavior']>[],
): ToolDeclaration {
  // A model that only waits, or never does, takes no scheduling either.
  const isScheduled = behaviors.length > 1 && behavior !== 'BLOCKING';
  return {
    ...rest,
    behavior: behavior !== undefined && behaviors.includes(behavior) ? behavior : undefined,
    scheduling: isScheduled ? scheduling : undefined,
  };
}
