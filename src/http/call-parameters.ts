/** A call travels from the voice webhook to the media stream as the stream's parameters, so that any replica can take it. */
import { z } from 'zod';
import type { RingingCall } from '../call/index.ts';
import { fitParameters, type StreamParameters } from '../telephony/index.ts';

/** The parameter that proves the others. */
export const TOKEN_PARAMETER = 'token';

const SIP_HEADER_PREFIX = 'sip.';

const Travelled = z.object({
  agent: z.string(),
  from: z.string().default(''),
  to: z.string().default(''),
  direction: z.enum(['inbound', 'outbound']),
});

export function parametersOf(call: RingingCall): StreamParameters {
  const headers = Object.entries(call.sipHeaders).map(([name, value]) => [SIP_HEADER_PREFIX + name, value]);
  const { agent, from, to, direction } = call;
  return fitParameters({ agent, from, to, direction, ...Object.fromEntries(headers) });
}

/** The way back; to be called with parameters that a token has proved to be ours. */
export function callOf(callId: string, provider: string, parameters: StreamParameters): RingingCall {
  const headers = Object.entries(parameters)
    .filter(([name]) => name.startsWith(SIP_HEADER_PREFIX))
    .map(([name, value]) => [name.slice(SIP_HEADER_PREFIX.length), value]);
  return { callId, provider, ...Travelled.parse(parameters), sipHeaders: Object.fromEntries(headers) };
}
