/** What a caller gets whom no agent can serve, or no longer, as TwiML: words, then somebody else or a tape, then the end. */
import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import { type Spoken, say, speak, type Words } from './spoken.ts';
import { askedAgain } from './twiml.ts';
import { xmlText } from './xml-text.ts';

export interface GoodbyeOptions {
  readonly words?: Words | undefined;
  readonly transfer?:
    | {
        /** E.164 or a SIP URI. */
        readonly to: string;
        readonly timeoutSeconds: number;
        readonly callerId?: string | undefined;
        /** Asked when it is over, or nobody answered. */
        readonly actionUrl: string;
        /** Told when whoever is dialled has answered. */
        readonly answeredUrl?: string | undefined;
      }
    | undefined;
  readonly voicemail?:
    | {
        readonly prompt: Spoken;
        readonly maxSeconds: number;
        /** Asked when the message is taken; without it Twilio would ask for this document again. */
        readonly actionUrl: string;
        /** Told when the recording can be fetched. */
        readonly recordingUrl: string;
      }
    | undefined;
}

/** So much silence ends a message. */
const VOICEMAIL_SILENCE_SECONDS = 5;

export function goodbyeTwiml({ words, transfer, voicemail }: GoodbyeOptions): string {
  const response = new VoiceResponse();
  if (words !== undefined) speak(response, words);
  if (transfer !== undefined) {
    const { to, timeoutSeconds: timeout, callerId, answeredUrl } = transfer;
    const action = askedAgain(transfer.actionUrl);
    const dial = response.dial({ action, method: 'POST', timeout, ...(callerId !== undefined && { callerId }) });
    const told = answeredUrl === undefined ? {} : toldOfAnswer(answeredUrl);
    if (/^sips?:/i.test(to)) dial.sip(told, xmlText(to));
    else dial.number(told, xmlText(to));
    return response.toString();
  }
  if (voicemail !== undefined) {
    say(response, voicemail.prompt);
    response.record({
      action: askedAgain(voicemail.actionUrl),
      method: 'POST',
      maxLength: voicemail.maxSeconds,
      timeout: VOICEMAIL_SILENCE_SECONDS,
      recordingStatusCallback: askedAgain(voicemail.recordingUrl),
      recordingStatusCallbackMethod: 'POST',
    });
  }
  // Also what follows a message without a sound, for which no action is asked.
  response.hangup();
  return response.toString();
}

/** https://www.twilio.com/docs/voice/twiml/number#statuscallback; of `<Sip>` it is the same. */
function toldOfAnswer(url: string): {
  statusCallback: string;
  statusCallbackMethod: string;
  statusCallbackEvent: ['answered'];
} {
  return { statusCallback: askedAgain(url), statusCallbackMethod: 'POST', statusCallbackEvent: ['answered'] };
}
