/** Where in a text something stands that is to be blacked out. */

export type Kind = 'cards' | 'ibans' | 'emails' | 'caller' | 'phones' | 'names' | 'postalAddresses';

/** In UTF-16 units; `end` is behind it. */
export interface Finding {
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
}

/** Where things of one kind stand, perhaps overlapping. The text has ASCII digits only, see `withAsciiDigits`. */
export type Finder = (text: string) => Finding[];

/** A finder of what a pattern matches, which must be global. */
export function finderOf(kind: Kind, pattern: RegExp): Finder {
  return (text) =>
    [...text.matchAll(pattern)].map((match) => ({ kind, start: match.index, end: match.index + match[0].length }));
}

const DIGIT = /\p{Nd}/gu;

/** The digits of all scripts as those that the finders know, in their places: a longer one is filled up with a separator. */
export function withAsciiDigits(text: string): string {
  return text.replace(DIGIT, (digit) => digitValue(digit).padEnd(digit.length));
}

/** Unicode has digits in tens, each beginning with its zero; those for mathematics (U+1D7CE to U+1D7FF) lie side by side. */
function digitValue(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  if (code >= 0x1d7ce && code <= 0x1d7ff) return String((code - 0x1d7ce) % 10);
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return String(value);
}
