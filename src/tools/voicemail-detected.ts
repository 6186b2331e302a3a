/** The tool by which the model says that a machine has answered its outbound call. */
import type { Template } from './template.ts';
import type { Tool, ToolResult } from './tool.ts';
import { wordsOf } from './words.ts';

export interface VoicemailDetectedSpec {
  readonly kind: 'voicemailDetected';
  readonly name: string;
  readonly description: string;
  /** What is left after the tone; undefined: nothing. */
  readonly message?: Template | undefined;
}

/** It only tells, and is answered at once. */
const DEADLINE_MS = 1_000;

export function createVoicemailDetected({ name, description, message }: VoicemailDetectedSpec): Tool {
  return {
    declaration: { name, description, parameters: { type: 'object', properties: {} } },
    deadlineMs: DEADLINE_MS,
    sideEffect: false,
    mayRepeat: true,
    check: () => undefined,
    run: async (_args, context, _signal, call) => {
      if (context.call.direction === 'inbound')
        return answer('refused', 'Somebody has called here: this is no machine. Go on.');
      const words = message && wordsOf(message, context);
      call.atMachine(words);
      return answer('ok', words === undefined ? 'The call ends now. Say nothing.' : leaving(words));
    },
  };
}

const leaving = (message: string): string =>
  `Say nothing until the greeting is over and the tone has sounded. Then say this, and nothing else: "${message}" Then end the call.`;

const answer = (status: string, message: string): ToolResult => ({ status, retryable: false, message });
