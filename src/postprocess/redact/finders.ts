/** What personal data looks like. Each pattern is linear in the text: it holds no two parts that could take the same characters. */
import { digitByDigit, digitRuns, numbersOf } from './digit-runs.ts';
import { type Finder, type Finding, finderOf, withAsciiDigits } from './finding.ts';

/** ISO/IEC 7812-1: up to 19 digits; 13 are the fewest that a scheme still issues. */
const CARD_DIGITS = { min: 13, max: 19 };

/** Payment cards in speech: whole groups of digits that pass the check, whatever stands between them. */
export const cards: Finder = (text) => digitRuns(text).flatMap((run) => cardsIn(run));

/** Payment cards among pressed keys, where a choice from a menu may stand right before the number. */
export const keyedCards: Finder = (text) => digitRuns(text).flatMap((run) => cardsIn(digitByDigit(run)));

function cardsIn(run: Parameters<typeof numbersOf>[0]): Finding[] {
  const { min, max } = CARD_DIGITS;
  return [...numbersOf(run, min, max)]
    .filter(({ digits }) => passesLuhn(digits))
    .map(({ start, end }) => ({ kind: 'cards', start, end }));
}

/** ISO/IEC 7812-1, annex B: from the right, each second digit is doubled. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** ISO 13616: a country, two check digits, and 11 to 30 letters and digits, of which every country has ten digits at least. */
const IBAN_START = /(?<![A-Za-z\d])[A-Za-z]{2}[^A-Za-z\d]{0,3}\d[^A-Za-z\d]{0,3}\d/g;
const IBAN_CHARACTERS = { min: 15, max: 34 };
const IBAN_LEAST_DIGITS = 12;
const ALPHANUMERIC = /[A-Za-z\d]/;

export const ibans: Finder = (text) => {
  const found: Finding[] = [];
  for (const { index: start } of text.matchAll(IBAN_START)) {
    let iban = '';
    // With separators of three characters behind each of its own, there is no more to an IBAN.
    for (let at = start; at < Math.min(text.length, start + IBAN_CHARACTERS.max * 4); at++) {
      const character = text[at] ?? '';
      if (!ALPHANUMERIC.test(character)) continue;
      iban += character;
      if (iban.length > IBAN_CHARACTERS.max) break;
      const ends = !ALPHANUMERIC.test(text[at + 1] ?? '');
      if (ends && iban.length >= IBAN_CHARACTERS.min && isIban(iban)) found.push({ kind: 'ibans', start, end: at + 1 });
    }
  }
  return found;
};

/** ISO 7064, MOD 97-10, with letters as 10 to 35. */
function isIban(text: string): boolean {
  if (text.replace(/\D/g, '').length < IBAN_LEAST_DIGITS) return false;
  let rest = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    for (const digit of String(Number.parseInt(character, 36))) rest = (rest * 10 + Number(digit)) % 97;
  }
  return rest === 1;
}

/** RFC 5321 allows 64 characters before the @, and 63 in each part behind it. */
const ADDRESS = /[\p{L}\p{N}._%+'-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu;
/** As transcripts have one that was spelled out in English, with pauses or without. */
const [NAME, LABEL] = [String.raw`[\p{L}\p{N}._+-]{1,64}`, String.raw`[\p{L}\p{N}-]{1,63}`];
const [AT, DOT] = [',? at,? ', ',? dot,? '];
const SPOKEN_ADDRESS = new RegExp(`${NAME}${AT}${LABEL}(?:${DOT}[\\p{L}\\p{N}-]{2,24}){1,4}`, 'giu');
/** A dot that was spelled out before it makes an address of what may else be a place: "we are at example.com". */
const DOTTED_NAME = new RegExp(
  `${NAME}(?:${DOT}${NAME}){1,4}(?:${AT}|@)${LABEL}(?:(?:${DOT}|\\.)${LABEL}){1,8}`,
  'giu',
);

const EMAILS = [ADDRESS, SPOKEN_ADDRESS, DOTTED_NAME].map((pattern) => finderOf('emails', pattern));
export const emails: Finder = (text) => EMAILS.flatMap((find) => find(text));

/** Fewer digits of a number than this are those of others, too. */
const CALLER_DIGITS = { min: 7, max: 15 };

/** The number, or the address, of the one person whom the call is with: as it stands, or as it is said within its country. */
export function callerFinder(address: string): Finder {
  const digits = /^\+?\d+$/.test(address) ? address.replace('+', '') : '';
  const literally = digits === '' && address !== '' ? literal('caller', [address.replace(/^sips?:/i, '')]) : () => [];
  return (text) => {
    const said = digitRuns(text).flatMap((run) =>
      [...numbersOf(run, CALLER_DIGITS.min, CALLER_DIGITS.max + 2)].filter((number) => {
        const significant = number.digits.replace(/^0+/, '');
        return significant.length >= CALLER_DIGITS.min && digits.endsWith(significant);
      }),
    );
    return [...literally(text), ...said.map(({ start, end }): Finding => ({ kind: 'caller', start, end }))];
  };
}

/** What a list has, as words of their own, in whatever case. */
export function listFinder(kind: 'names' | 'postalAddresses', list: readonly string[]): Finder {
  return list.length === 0 ? () => [] : literal(kind, list);
}

/** Scripts that put no space between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

function literal(kind: 'names' | 'postalAddresses' | 'caller', words: readonly string[]): Finder {
  const patterns = words.map((word) => {
    const parts = withAsciiDigits(word).trim().split(/\s+/);
    const pattern = parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('\\s+');
    return UNSPACED.test(word) ? pattern : `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])`;
  });
  // The longest first: of two that begin alike, the shorter would leave the rest of the longer.
  patterns.sort((a, b) => b.length - a.length);
  return finderOf(kind, new RegExp(patterns.join('|'), 'giu'));
}
