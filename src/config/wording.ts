/** What an agent is told, where it has places for what is known of each call: `{{caller.number}}` and the like. */
import type { Tell } from './agent-checks.ts';
import type { OutboundFile } from './outbound-file.ts';
import { parseTemplate, type Template, type TemplateBench } from './template.ts';

export interface Wording {
  readonly instruction: Template;
  readonly greeting?: Template | undefined;
  /** For a machine that answers an outbound call. */
  readonly message?: Template | undefined;
}

interface WordedFile {
  readonly instruction?: string | undefined;
  readonly greeting?: string | undefined;
  readonly outbound: Pick<OutboundFile, 'machine'>;
}

/** undefined where nothing is to be put in. */
export function readWording({ instruction = '', greeting, outbound }: WordedFile, problem: Tell): Wording | undefined {
  const bench: TemplateBench = { environment: undefined, args: 'none', problem };
  const wording = {
    instruction: parseTemplate(instruction, ['instruction'], bench),
    greeting: greeting === undefined ? undefined : parseTemplate(greeting, ['greeting'], bench),
    message:
      typeof outbound.machine === 'object'
        ? parseTemplate(outbound.machine.leaveMessage, ['outbound', 'machine', 'leaveMessage'], bench)
        : undefined,
  };
  const parts = [wording.instruction, wording.greeting ?? [], wording.message ?? []].flat();
  return wording.message !== undefined || parts.some((part) => typeof part === 'object') ? wording : undefined;
}
