/** A call travels from the voice webhook to the media stream as the stream's parameters, so that any replica can take it. */
import { z } from 'zod';
import type { RingingCall } from '../call/index.ts';
import { fitParameters, type StreamParameters } from '../telephony/index.ts';

/** The parameter that proves the others. */
export const TOKEN_PARAMETER = 'token';

/** The parameter of a call that was placed from here, and has an order to go by, be it an empty one. */
const ORDERED_PARAMETER = 'ordered';

/** The parameter of a stream on whose way keys were pressed for the agent. */
const KEYS_PRESSED_PARAMETER = 'keysPressed';

const SIP_HEADER_PREFIX = 'sip.';
const VARIABLE_PREFIX = 'var.';
const START_VARIABLE_PREFIX = 'start.';

const Travelled = z.object({
  agent: z.string(),
  from: z.string().default(''),
  to: z.string().default(''),
  direction: z.enum(['inbound', 'outbound']),
  transferStatus: z.string().optional(),
});
/** In place of the agent's own, as the call was ordered. */
const Overrides = z.object({
  greeting: z.string().optional(),
  voice: z.string().optional(),
  language: z.string().optional(),
});
/** Of what was made of the call when it rang. */
const Start = z.object({
  askedBy: z.string(),
  startVoice: z.string().optional(),
  startLanguage: z.string().optional(),
});

export function parametersOf(call: RingingCall): StreamParameters {
  const { agent, from, to, direction, outbound, callStart, transferStatus, keysPressed } = call;
  const { variables = {}, greeting, voice, language } = outbound ?? {};
  return fitParameters({
    agent,
    from,
    to,
    direction,
    ...present({ transferStatus, greeting, voice, language }),
    ...(keysPressed && { [KEYS_PRESSED_PARAMETER]: '1' }),
    ...(outbound && { [ORDERED_PARAMETER]: '1' }),
    ...prefixed(SIP_HEADER_PREFIX, call.sipHeaders),
    ...prefixed(VARIABLE_PREFIX, variables),
    ...(callStart && startParameters(callStart)),
  });
}

/** The way back; to be called with parameters that a token has proved to be ours. */
export function callOf(callId: string, provider: string, parameters: StreamParameters): RingingCall {
  const callStart = startOf(parameters);
  const call = {
    callId,
    provider,
    ...Travelled.parse(parameters),
    ...(parameters[KEYS_PRESSED_PARAMETER] !== undefined && { keysPressed: true }),
    sipHeaders: withPrefix(SIP_HEADER_PREFIX, parameters),
    ...(callStart && { callStart }),
  };
  // Of calls that others place, nobody tells here who has answered, and nothing may wait for that.
  if (parameters[ORDERED_PARAMETER] === undefined) return call;
  return { ...call, outbound: { variables: withPrefix(VARIABLE_PREFIX, parameters), ...Overrides.parse(parameters) } };
}

function startParameters({
  askedBy,
  voice,
  language,
  variables,
}: NonNullable<RingingCall['callStart']>): StreamParameters {
  return {
    askedBy,
    ...present({ startVoice: voice, startLanguage: language }),
    ...prefixed(START_VARIABLE_PREFIX, variables),
  };
}

function startOf(parameters: StreamParameters): RingingCall['callStart'] {
  const start = Start.safeParse(parameters).data;
  if (start === undefined) return undefined;
  const { askedBy, startVoice: voice, startLanguage: language } = start;
  return {
    askedBy,
    ...(voice !== undefined && { voice }),
    ...(language !== undefined && { language }),
    variables: withPrefix(START_VARIABLE_PREFIX, parameters),
  };
}

function present(values: Readonly<Record<string, string | undefined>>): StreamParameters {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function prefixed(prefix: string, values: Readonly<Record<string, string>>): StreamParameters {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

function withPrefix(prefix: string, parameters: StreamParameters): Record<string, string> {
  const those = Object.entries(parameters).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(those.map(([name, value]) => [name.slice(prefix.length), value]));
}
