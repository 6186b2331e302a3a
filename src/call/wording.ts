/** What the agent of one call is told: its file's words, with what is known of the call put in. */
import { type Template, wordsOf } from '../tools/index.ts';
import type { CallAgent } from './call-agent.ts';
import { contextOf } from './call-context.ts';
import type { RingingCall } from './ringing-call.ts';

export interface Wording {
  readonly instruction: Template;
  readonly greeting?: Template | undefined;
  /** For a machine that answers an outbound call. */
  readonly message?: Template | undefined;
}

/** A greeting that came with the call goes before the agent's own. */
export function wordedFor(agent: CallAgent, call: RingingCall): CallAgent {
  const { wording, live } = agent;
  const greeting = call.outbound?.greeting;
  if (wording === undefined) return greeting === undefined ? agent : { ...agent, greeting };
  const known = contextOf(call);
  const filled = (template: Template | undefined): string | undefined => template && wordsOf(template, known);
  return {
    ...agent,
    greeting: greeting ?? filled(wording.greeting),
    message: filled(wording.message),
    live: { ...live, instruction: wordsOf(wording.instruction, known) },
  };
}
