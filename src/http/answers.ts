/** The TwiML that a call is answered with, whichever webhook asks. */
import type { RingingCall } from '../call/index.ts';
import {
  apologyTwiml,
  connectTwiml,
  hangupTwiml,
  rejectTwiml,
  type StreamTokens,
  TWILIO_MEDIA_PATH,
  type TwilioAccount,
} from '../telephony/index.ts';
import { parametersOf, TOKEN_PARAMETER } from './call-parameters.ts';
import { APOLOGY_PATH } from './sounds.ts';

export const STREAM_ENDED_PATH = '/twilio/stream-ended';

export interface Answers {
  /** A stream of this call; each answer has a token of its own. */
  connect(call: RingingCall): string;
  /** What the agent has for a caller who cannot be served; `heard`: its words were said already. */
  goodbye(agent: string | undefined, heard?: boolean): string;
  /** For a caller who came when no line was free. */
  busy(agent: string): string;
}

export function createAnswers({ account, tokens }: { account: TwilioAccount; tokens: StreamTokens }): Answers {
  return {
    connect: (call) => {
      const parameters = parametersOf(call);
      const token = tokens.issue(call.callId, parameters);
      return connectTwiml({
        streamUrl: account.publicUrl.replace(/^http/, 'ws') + TWILIO_MEDIA_PATH,
        actionUrl: account.publicUrl + STREAM_ENDED_PATH,
        parameters: { ...parameters, [TOKEN_PARAMETER]: token },
      });
    },
    goodbye: (_agent, heard) =>
      heard === true ? hangupTwiml() : apologyTwiml({ soundUrl: account.publicUrl + APOLOGY_PATH }),
    busy: () => rejectTwiml('busy'),
  };
}
