/** Words for what Twilio itself says or plays to a caller. */
import { z } from 'zod';

/** https://www.twilio.com/docs/voice/twiml/say: what one `<Say>` may hold. */
const MAX_SAID_CHARACTERS = 4_096;

export const said = saidWithin(MAX_SAID_CHARACTERS);

export function saidWithin(maxCharacters: number): z.ZodString {
  return z.string().trim().min(1).max(maxCharacters, `must have at most ${maxCharacters} characters`);
}

export const soundName = z
  .string()
  .regex(/^[\w-]{1,64}\.wav$/, 'must be the name of a WAV file in config/sounds, such as goodbye.wav');

export const sayVoice = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'must be the name of a Twilio voice, such as Polly.Joanna-Neural')
  .describe("Twilio's voice for what is said: https://www.twilio.com/docs/voice/twiml/say/text-speech");

export const sayLanguage = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})+$/, 'must be a language with its region, such as en-US')
  .describe("Twilio's language for what is said, BCP 47 with the region.");
