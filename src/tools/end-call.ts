/** The tool by which the model ends the call: its goodbye is heard first. */
import { notNow, unlessCallerSpeaks } from './leaving.ts';
import type { Tool, ToolResult } from './tool.ts';

export interface EndCallSpec {
  readonly kind: 'endCall';
  readonly name: string;
  readonly description: string;
}

/** It only asks, and is answered at once. */
const DEADLINE_MS = 1_000;

export function createEndCall({ name, description }: EndCallSpec): Tool {
  return {
    declaration: { name, description, parameters: { type: 'object', properties: {} } },
    deadlineMs: DEADLINE_MS,
    // The caller may have spoken since: then the same call means another end.
    sideEffect: false,
    mayRepeat: true,
    check: () => undefined,
    run: async (_args, _context, _signal, call) => told(call.leave()),
  };
}

function told(leaving: { readonly speaking: boolean } | undefined): ToolResult {
  if (leaving === undefined) return notNow();
  const words = leaving.speaking
    ? 'The call ends when your last words are heard. If you have said goodbye, say nothing more.'
    : 'Say goodbye in one short sentence; the call ends when it is heard.';
  return { status: 'ok', retryable: false, message: `${words} ${unlessCallerSpeaks('end it')}` };
}
