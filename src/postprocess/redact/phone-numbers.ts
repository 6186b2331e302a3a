/** Telephone numbers as people say them and speech recognition writes them: groups of digits, or single ones, and pauses. */
import { digitRuns, type Run } from './digit-runs.ts';
import type { Finder, Finding } from './finding.ts';
import { isDate, isList } from './other-numbers.ts';

/** With commas between its thousands, and no other digits right before it or behind: "212,555-3456" is none. */
const AMOUNT = /(?<![\d.,+]|\d[\s\p{Pd}])[1-9]\d{0,2}(?:,\d{3})+(?![\s,\p{Pd}]?\d)/gu;

export const phones: Finder = (text) => {
  const withoutAmounts = text.replace(AMOUNT, (amount) => 'x'.repeat(amount.length));
  return digitRuns(withoutAmounts).flatMap((run) => phonesIn(text, run));
};

/** What a number may begin with; no letter stands before it. */
const LEAD = /(?<![\p{L}\d])(?:\+[\s(]{0,2}|\()?$/u;
/** In UTF-16 units, with a letter of two before it. */
const LEAD_LENGTH = 5;
/** The longest country's number, with 00 before it. */
const MAX_DIGITS = 17;
/** Of one without its area. */
const MIN_DIGITS = 7;

function phonesIn(text: string, run: Run): Finding[] {
  const found: Finding[] = [];
  for (let first = 0; first < run.length; first++) {
    const { digits, start } = run[first]!;
    const lead = LEAD.exec(text.slice(Math.max(0, start - LEAD_LENGTH), start))?.[0];
    // The "00" of 8:00, 8.00 and 8,000 begins no number.
    const isFraction =
      digits.length <= 3 && digits.startsWith('0') && /\d[.,:]$/.test(text.slice(Math.max(0, start - 2), start));
    if (lead === undefined || isFraction) continue;
    const afterPlus = lead.startsWith('+');
    const groups = togetherIn(text, run.slice(first, first + MAX_DIGITS));
    if (!afterPlus && isDate(text, groups)) {
      first += 2;
      continue;
    }
    // Another number may begin within the digits that this one might have.
    const last = groups[phoneLength(text, groups, afterPlus) - 1];
    if (last !== undefined) found.push({ kind: 'phones', start: start - lead.length, end: last.end });
  }
  return found;
}

/** What may stand between two groups of a number. */
const BETWEEN = /^[\s().,，、،\p{Pd}/]{1,3}$/u;
/** What is written where a speaker pauses: within a number, or behind it. */
const PAUSE = /[,，、،]|\.\s/u;
/** A longer group is the end of its number. */
const LONGEST_BEFORE_PAUSE = 5;
/** So many digits are a number; what comes after a pause says how many people, or when. */
const WHOLE_NUMBER = 11;

/** The groups that may be of one number, from the first on. */
function togetherIn(text: string, run: Run): Run {
  let said = 0;
  let paused = false;
  for (const [index, { digits, start }] of run.entries()) {
    const last = run[index - 1];
    if (last !== undefined) {
      const gap = text.slice(last.end, start);
      const alike = digits.length === last.digits.length;
      const alone = digits.length === 1 && !alike && run[index + 1] === undefined;
      const over = last.digits.length > LONGEST_BEFORE_PAUSE || alone || (said >= WHOLE_NUMBER && !(paused && alike));
      paused = PAUSE.test(gap);
      if (!BETWEEN.test(gap) || (paused && over)) return run.slice(0, index);
    }
    said += digits.length;
    if (said > MAX_DIGITS) return run.slice(0, index);
  }
  return run;
}

/** How many of the groups are the longest number that begins with the first; 0: none. */
function phoneLength(text: string, groups: Run, afterPlus: boolean): number {
  let [found, digits, grouped] = [0, '', ''];
  for (const [index, group] of groups.entries()) {
    digits += group.digits;
    grouped += index === 0 ? group.digits : `-${group.digits}`;
    if (digits.length < MIN_DIGITS) continue;
    const number = { groups: groups.slice(0, index + 1), digits: afterPlus ? `+${digits}` : digits, grouped };
    if (hasForm(number, text)) found = index + 1;
  }
  return found;
}

/** E.164, behind + or 00. */
const INTERNATIONAL = /^(?:\+\d|00[1-9])\d{7,14}$/;
/** Elsewhere within a country: the trunk prefix 0 and eight to twelve digits, which is more than a date has. */
const WITH_TRUNK_PREFIX = /^0[1-9]\d{7,11}$/;
/** Three, three and four digits, each together or one by one, or the four as two and two; a hyphen between groups. */
const NORTH_AMERICAN = /^(?:1-?)?[2-9](?:\d\d|-\d-\d)-?\d(?:\d\d|-\d-\d)-?\d(?:\d{3}|-\d-\d-\d|\d-\d\d)$/;
/** The same without its area, as it is written: no dash before it or behind. */
const NORTH_AMERICAN_LOCAL = /^[^\p{Pd}]?\d{3}\p{Pd}\d{4}[^\p{Pd}]?$/u;

interface Number {
  readonly groups: Run;
  /** With the + that stands before them. */
  readonly digits: string;
  /** With a hyphen between the groups. */
  readonly grouped: string;
}

function hasForm({ groups, digits, grouped }: Number, text: string): boolean {
  if (INTERNATIONAL.test(digits)) return true;
  const [from, to] = [groups[0]!.start, groups.at(-1)!.end];
  const written = text.slice(from, to);
  // A full stop between digits may be a date's, or an amount's.
  if (WITH_TRUNK_PREFIX.test(digits)) return !/\d\.\d/.test(written) && !isList(text, groups);
  if (NORTH_AMERICAN.test(grouped)) return !written.includes('/') && !isList(text, groups);
  return NORTH_AMERICAN_LOCAL.test(text.slice(Math.max(0, from - 1), to + 1));
}
