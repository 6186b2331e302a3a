/** What an agent is told, where it has places for what is known of each call: `{{caller.number}}` and the like. */
import type { Tell } from './agent-checks.ts';
import { parseTemplate, type Template, type TemplateBench } from './template.ts';

export interface Wording {
  readonly instruction: Template;
  readonly greeting?: Template | undefined;
}

interface WordedFile {
  readonly instruction?: string | undefined;
  readonly greeting?: string | undefined;
}

/** undefined where nothing is to be put in. */
export function readWording({ instruction = '', greeting }: WordedFile, problem: Tell): Wording | undefined {
  const bench: TemplateBench = { environment: undefined, args: 'none', problem };
  const wording = {
    instruction: parseTemplate(instruction, ['instruction'], bench),
    greeting: greeting === undefined ? undefined : parseTemplate(greeting, ['greeting'], bench),
  };
  return [...wording.instruction, ...(wording.greeting ?? [])].some((part) => typeof part === 'object')
    ? wording
    : undefined;
}
