/** The TwiML that connects a call to its stream, whichever webhook asks. */
import type { RingingCall } from '../call/index.ts';
import {
  connectTwiml,
  type StreamTokens,
  type TwilioAccount,
  twilioMediaPath,
  type Words,
} from '../telephony/index.ts';
import { parametersOf, TOKEN_PARAMETER } from './call-parameters.ts';
import type { Siblings } from './siblings.ts';
import { soundPath } from './sounds.ts';

export const STREAM_ENDED_PATH = '/twilio/stream-ended';

/** What a caller hears before the first stream; served by its name, where it is a recording. */
export interface Notice {
  readonly say?: string | undefined;
  readonly recording?: { readonly name: string } | undefined;
  readonly voice?: string | undefined;
  readonly language?: string | undefined;
  /** How long it lasts at most. */
  readonly lengthMs: number;
}

/** What comes before a stream: the agent's notice, where the caller has not heard it, or keys that are pressed for the agent. */
export type Before = { readonly notice: true } | { readonly keys: string | undefined };

/** A stream of this call. Each has a token of its own. */
export type Connect = (call: RingingCall, before: Before) => string;

export interface ConnectDeps {
  readonly account: TwilioAccount;
  readonly tokens: StreamTokens;
  /** Where there are several processes, the stream says in its path which of them has prepared the call. */
  readonly siblings?: Pick<Siblings, 'number'> | undefined;
  /** The notice of an agent by its name. */
  readonly noticeOf: (agent: string) => Notice | undefined;
}

export function createConnect({ account, tokens, siblings, noticeOf }: ConnectDeps): Connect {
  const wordsOf = (notice: Notice | undefined): Words | undefined => {
    const { say: text, recording, voice, language } = notice ?? {};
    if (recording !== undefined) return { playUrl: account.publicUrl + soundPath(recording.name) };
    return text === undefined ? undefined : { say: { text, voice, language } };
  };
  return (call, before) => {
    const parameters = parametersOf(call);
    const notice = 'notice' in before ? noticeOf(call.agent) : undefined;
    const token = tokens.issue(call.callId, parameters, notice?.lengthMs);
    return connectTwiml({
      streamUrl: account.publicUrl.replace(/^http/, 'ws') + twilioMediaPath(siblings?.number),
      actionUrl: account.publicUrl + STREAM_ENDED_PATH,
      notice: wordsOf(notice),
      keys: 'keys' in before ? before.keys : undefined,
      parameters: { ...parameters, [TOKEN_PARAMETER]: token },
    });
  };
}
