/** How much of an agent's text the caller heard before the agent was cut off. */

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Scripts written without spaces between words: there, a cut may fall after any grapheme. */
const UNSPACED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const SPACE = /^\s/u;

/**
 * The beginning of `text` that was spoken in the first `heardMs` of `generatedMs`.
 *
 * An estimate: the service sends no word times, so speech is taken to run evenly over the text, and the word in which the
 * cut fell counts as unheard. It is never more than the share played, and the whole text when all of it was.
 */
export function heardText(text: string, heardMs: number, generatedMs: number): string {
  if (heardMs <= 0 || generatedMs <= 0) return '';
  if (heardMs >= generatedMs) return text;
  const pieces = Array.from(graphemes.segment(text), ({ segment }) => segment);
  let length = Math.floor((pieces.length * heardMs) / generatedMs);
  while (length > 0 && !endsWord(pieces, length)) length--;
  return pieces.slice(0, length).join('').trimEnd();
}

/** Whether a word ends after the first `length` pieces. */
function endsWord(pieces: readonly string[], length: number): boolean {
  return [pieces[length - 1], pieces[length]].some(
    (piece) => piece === undefined || SPACE.test(piece) || UNSPACED.test(piece),
  );
}
