/** The agent that speaks in one call: its file's, with what is known of the call, and what was chosen for it. */
import type { CallAgent } from './call-agent.ts';
import type { RingingCall } from './ringing-call.ts';
import { wordedFor } from './wording.ts';

/** undefined: there is none of its name. */
export function agentOf(call: RingingCall, agentNamed: (name: string) => CallAgent | undefined): CallAgent | undefined {
  const named = agentNamed(call.agent);
  if (named === undefined) return undefined;
  const worded = wordedFor(named, call);
  const { callStart } = call;
  if (callStart === undefined) return worded;
  const { voice = worded.live.voice, language = worded.live.language } = callStart;
  const agent = { ...worded, live: { ...worded.live, voice, language } };
  const asked = callStart.askedBy === call.agent ? undefined : agentNamed(callStart.askedBy);
  if (asked === undefined) return agent;
  // Whether the provider looks for a machine was settled when the call was placed.
  const { outbound, message } = wordedFor(asked, call);
  return { ...agent, outbound, message };
}
