/** The TwiML that connects a call to its stream, whichever webhook asks. */
import type { RingingCall } from '../call/index.ts';
import { connectTwiml, type StreamTokens, TWILIO_MEDIA_PATH, type TwilioAccount } from '../telephony/index.ts';
import { parametersOf, TOKEN_PARAMETER } from './call-parameters.ts';

export const STREAM_ENDED_PATH = '/twilio/stream-ended';

/** A stream of this call. Each has a token of its own. */
export type Connect = (call: RingingCall) => string;

export function createConnect({ account, tokens }: { account: TwilioAccount; tokens: StreamTokens }): Connect {
  return (call) => {
    const parameters = parametersOf(call);
    const token = tokens.issue(call.callId, parameters);
    return connectTwiml({
      streamUrl: account.publicUrl.replace(/^http/, 'ws') + TWILIO_MEDIA_PATH,
      actionUrl: account.publicUrl + STREAM_ENDED_PATH,
      parameters: { ...parameters, [TOKEN_PARAMETER]: token },
    });
  };
}
