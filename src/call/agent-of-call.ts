/** The agent that speaks in one call: its file's, with what is known of the call, and what was chosen for it. */
import type { CallAgent } from './call-agent.ts';
import type { RingingCall } from './ringing-call.ts';
import { wordedFor } from './wording.ts';

/** undefined: there is none of its name. */
export function agentOf(call: RingingCall, agentNamed: (name: string) => CallAgent | undefined): CallAgent | undefined {
  const named = agentNamed(call.agent);
  if (named === undefined) return undefined;
  const worded = wordedFor(named, call);
  const { outbound: ordered, callStart } = call;
  const voice = callStart?.voice ?? ordered?.voice ?? worded.live.voice;
  const language = callStart?.language ?? ordered?.language ?? worded.live.language;
  const agent = { ...worded, live: { ...worded.live, voice, language } };
  const asked = callStart && callStart.askedBy !== call.agent ? agentNamed(callStart.askedBy) : undefined;
  if (asked === undefined) return agent;
  // Whether the provider looks for a machine was settled when the call was placed.
  const { outbound, message } = wordedFor(asked, call);
  return { ...agent, outbound, message };
}
