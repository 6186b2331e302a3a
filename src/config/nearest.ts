/** Suggests what was meant: the valid words nearest to a wrong one. */

/** More would be a list to read and no longer a hint. */
const MAX_SUGGESTIONS = 3;

/** The words fewest edits away, nearest first; letters' case counts for nothing. Always some, when there are any words. */
export function nearest(word: string, words: Iterable<string>): string[] {
  return [...words]
    .map((candidate) => ({ candidate, edits: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate);
}

/** The same as the end of a sentence. */
export function nearestOf(word: string, words: readonly string[]): string {
  return words.length === 0 ? 'there is none to choose from' : `the nearest are ${nearest(word, words).join(', ')}`;
}

/** The one word that was surely meant: no more than a third of it is wrong. */
export function meant(word: string, words: Iterable<string>): string | undefined {
  const [first] = nearest(word, words);
  if (first === undefined) return undefined;
  return editDistance(word.toLowerCase(), first.toLowerCase()) <= Math.ceil(first.length / 3) ? first : undefined;
}

/** Levenshtein's distance: insertions, deletions and replacements, one row at a time. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[to.length]!;
}
