/** Puts a word for its kind in place of each thing found. */
import { type Finder, type Finding, type Kind, withAsciiDigits } from './finding.ts';

export const LABELS: Readonly<Record<Kind, string>> = {
  cards: '[card]',
  ibans: '[iban]',
  emails: '[email]',
  caller: '[caller]',
  phones: '[phone]',
  names: '[name]',
  postalAddresses: '[address]',
};

/** What is between two pieces: no letter, so that a number may go on in the next. */
const BREAK = '\n';

const LOW_SURROGATE = /[\uDC00-\uDFFF]/;

/** For each piece, what is to be blacked out in it, in order and apart; things may begin in one piece and end in another. */
export function findIn(pieces: readonly string[], finders: readonly Finder[]): Finding[][] {
  const text = withAsciiDigits(pieces.join(BREAK));
  const all = apart(finders.flatMap((find) => find(text)));
  let from = 0;
  return pieces.map((piece) => {
    const begin = from;
    from += piece.length + BREAK.length;
    return all
      .map(({ kind, start, end }) => ({
        kind,
        start: Math.max(0, start - begin),
        end: Math.min(piece.length, end - begin),
      }))
      .filter(({ start, end }) => start < end);
  });
}

/** What overlaps is one thing, of the kind whose finder came first. */
function apart(findings: readonly Finding[]): Finding[] {
  const merged: (Finding & { readonly rank: number })[] = [];
  const ranked = findings.map((finding, rank) => ({ ...finding, rank }));
  for (const next of ranked.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || next.start >= last.end) {
      merged.push(next);
      continue;
    }
    const { kind, rank } = next.rank < last.rank ? next : last;
    merged[merged.length - 1] = { kind, rank, start: last.start, end: Math.max(last.end, next.end) };
  }
  return merged;
}

/** Of a text that is cut, what is found in the whole of it counts as far as it goes. */
export function blackOut(text: string, findings: readonly Finding[]): string {
  let result = '';
  let at = 0;
  for (const { kind, start, end } of findings) {
    if (start >= text.length) break;
    result += text.slice(at, start) + LABELS[kind];
    // Of a digit of two units the first alone was found.
    at = LOW_SURROGATE.test(text[end] ?? '') ? end + 1 : end;
  }
  return result + text.slice(at);
}
