export type { CallControl } from './call-control.ts';
export type { CallOrder, CallPlacer } from './call-placer.ts';
export type { MediaFormat, StreamCommand, StreamEvent, TelephonyProtocol } from './protocol.ts';
export { type ProviderSettings, providers } from './providers.ts';
export { acceptStream, type CallStream, type StreamDeps, type StreamEnd, type StreamHandlers } from './stream.ts';

export { type TwilioRestAccount, twilioClient } from './twilio/client.ts';

export { type GoodbyeOptions, goodbyeTwiml } from './twilio/goodbye-twiml.ts';

export { createTwilioCallPlacer } from './twilio/place-call.ts';
export { twilioMediaPath } from './twilio/protocol.ts';
export { ASKING, createTwilioCallControl, type TwilioCallControlOptions } from './twilio/rest.ts';
export { type FormParameters, type TwilioAccount, verifyWebhook } from './twilio/signature.ts';
export type { Spoken, Words } from './twilio/spoken.ts';
export {
  createStreamTokens,
  createUsedNonces,
  type StreamParameters,
  type StreamTokens,
  type UsedNonces,
} from './twilio/stream-token.ts';
export {
  askAgainTwiml,
  askedAgain,
  connectTwiml,
  fitParameters,
  hangupTwiml,
  referTwiml,
  rejectTwiml,
} from './twilio/twiml.ts';
export { askTwiml, holdTwiml, joinTwiml, TAKING_KEY, waitTwiml } from './twilio/warm-twiml.ts';
