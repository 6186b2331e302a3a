/** What an operator may write under `notice`: what a caller hears before anything of theirs is heard. */
import { z } from 'zod';
import { saidWithin, sayLanguage, sayVoice, soundName } from './said-words.ts';

/** More than a minute of talk: nobody listens for longer, and the agent's session waits meanwhile. */
const MAX_NOTICE_CHARACTERS = 1_200;

export const notice = z
  .strictObject({
    say: saidWithin(MAX_NOTICE_CHARACTERS).optional().describe("What Twilio's voice says."),
    play: soundName.optional().describe('The name of a WAV file in config/sounds, in place of say.'),
    voice: sayVoice.optional(),
    language: sayLanguage.optional(),
  })
  .refine(({ say, play }) => (say === undefined) !== (play === undefined), 'must have either say or play')
  .describe(
    'What callers hear before the agent does: that it is no person, that the call is written down, and the like.',
  );
