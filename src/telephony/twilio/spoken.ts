/** What Twilio's own voice says, or plays, in a TwiML document. */
import type VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import type { SayAttributes } from 'twilio/lib/twiml/VoiceResponse.js';
import { xmlText } from './xml-text.ts';

/** Text for Twilio's own voice. */
export interface Spoken {
  readonly text: string;
  readonly voice?: string | undefined;
  readonly language?: string | undefined;
}

/** Words, or a sound in their place. */
export type Words = { readonly say: Spoken } | { readonly playUrl: string };

export function speak(response: VoiceResponse, words: Words): void {
  if ('say' in words) say(response, words.say);
  else response.play(words.playUrl);
}

export function say(response: Pick<VoiceResponse, 'say'>, { text, voice, language }: Spoken): void {
  // Twilio adds voices more often than its package is released, so that any name is taken here.
  const attributes = { ...(voice !== undefined && { voice }), ...(language !== undefined && { language }) };
  response.say(attributes as SayAttributes, xmlText(text));
}
