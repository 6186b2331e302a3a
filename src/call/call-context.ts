/** What is known of a call, by the names that templates and tools have for it. */
import type { ToolContext } from '../tools/index.ts';
import type { RingingCall } from './ringing-call.ts';

export function contextOf({
  callId,
  agent,
  direction,
  from,
  to,
  sipHeaders,
  outbound,
  callStart,
}: RingingCall): ToolContext {
  return {
    call: { id: callId, agent, direction, to },
    caller: { number: direction === 'outbound' ? to : from },
    called: { number: to },
    sip: sipHeaders,
    vars: { ...outbound?.variables, ...callStart?.variables },
  };
}
