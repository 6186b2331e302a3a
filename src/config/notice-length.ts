/** How long a notice keeps its caller from the stream, at most: nobody tells us when Twilio has said it. */
import { MAX_SOUND_SECONDS } from './sound-file.ts';

/** A slow voice; usual ones have fifteen. */
const CHARACTERS_PER_SECOND = 10;
/** Of characters that are syllables or more. */
const SYLLABLES_PER_SECOND = 3;
const SYLLABLES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{N}]/gu;

/** In ms. `say` is undefined where it is a recording. */
export function noticeMs(say: string | undefined): number {
  if (say === undefined) return MAX_SOUND_SECONDS * 1_000;
  const syllables = say.match(SYLLABLES)?.length ?? 0;
  return Math.ceil(1_000 * (syllables / SYLLABLES_PER_SECOND + (say.length - syllables) / CHARACTERS_PER_SECOND));
}
