/** The TwiML that connects a call to its stream, whichever webhook asks. */
import type { RingingCall } from '../call/index.ts';
import { connectTwiml, type StreamTokens, type TwilioAccount, twilioMediaPath } from '../telephony/index.ts';
import { parametersOf, TOKEN_PARAMETER } from './call-parameters.ts';
import type { Siblings } from './siblings.ts';

export const STREAM_ENDED_PATH = '/twilio/stream-ended';

/** A stream of this call. Each has a token of its own. */
export type Connect = (call: RingingCall) => string;

export interface ConnectDeps {
  readonly account: TwilioAccount;
  readonly tokens: StreamTokens;
  /** Where there are several processes, the stream says in its path which of them has prepared the call. */
  readonly siblings?: Pick<Siblings, 'number'> | undefined;
}

export function createConnect({ account, tokens, siblings }: ConnectDeps): Connect {
  return (call) => {
    const parameters = parametersOf(call);
    const token = tokens.issue(call.callId, parameters);
    return connectTwiml({
      streamUrl: account.publicUrl.replace(/^http/, 'ws') + twilioMediaPath(siblings?.number),
      actionUrl: account.publicUrl + STREAM_ENDED_PATH,
      parameters: { ...parameters, [TOKEN_PARAMETER]: token },
    });
  };
}
