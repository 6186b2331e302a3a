/**
 * A transfer by a conference, as TwiML: the caller waits in it, and whoever is called hears of them and joins.
 * https://www.twilio.com/docs/voice/twiml/conference. Addresses are taken as they come: made by `askedAgain`.
 */
import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import { type Spoken, say } from './spoken.ts';

/** What the caller hears is asked for anew so often, and with it whether they still have to wait. */
const SILENCE_SECONDS = 10;
/** To think about it, after all was said. */
const KEY_SECONDS = 10;
/** Nobody else gets in, whoever answers a second telephone. */
const PARTICIPANTS = 2;

export const TAKING_KEY = '1';

export interface HoldOptions {
  /** Says nothing about people. */
  readonly conference: string;
  /** Asked when the conference is over, or the caller led out of it. */
  readonly actionUrl: string;
  /** Asked for what the caller hears. */
  readonly waitUrl: string;
  /** Told when the two can talk. Of a conference the first participant's address counts. */
  readonly joinedUrl: string;
}

/** The caller alone does not begin the conference, and ends it. */
export function holdTwiml({ conference, actionUrl, waitUrl, joinedUrl }: HoldOptions): string {
  const response = new VoiceResponse();
  response.dial({ action: actionUrl, method: 'POST' }).conference(
    {
      beep: 'false',
      startConferenceOnEnter: false,
      endConferenceOnExit: true,
      maxParticipants: PARTICIPANTS,
      waitUrl,
      waitMethod: 'POST',
      statusCallback: joinedUrl,
      statusCallbackMethod: 'POST',
      statusCallbackEvent: ['start'],
    },
    conference,
  );
  return response.toString();
}

/** `againUrl`: where the same is asked for when it was heard. */
export function waitTwiml({
  music,
  againUrl,
}: {
  readonly music: string | undefined;
  readonly againUrl: string;
}): string {
  const response = new VoiceResponse();
  if (music === undefined) response.pause({ length: SILENCE_SECONDS });
  else response.play(music);
  response.redirect({ method: 'POST' }, againUrl);
  return response.toString();
}

/** Who presses nothing, such as a machine, does not take the call. */
export function askTwiml({
  words,
  answerUrl,
}: {
  readonly words: readonly Spoken[];
  readonly answerUrl: string;
}): string {
  const response = new VoiceResponse();
  const gather = response.gather({
    input: ['dtmf'],
    numDigits: 1,
    timeout: KEY_SECONDS,
    action: answerUrl,
    method: 'POST',
  });
  for (const each of words) say(gather, each);
  response.hangup();
  return response.toString();
}

export function joinTwiml({
  words,
  conference,
}: {
  readonly words: readonly Spoken[];
  readonly conference: string;
}): string {
  const response = new VoiceResponse();
  for (const each of words) say(response, each);
  response
    .dial()
    .conference(
      { beep: 'false', startConferenceOnEnter: true, endConferenceOnExit: true, maxParticipants: PARTICIPANTS },
      conference,
    );
  return response.toString();
}
