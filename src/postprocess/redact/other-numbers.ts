/** What has as many digits as a telephone number and is none: dates, and lists of days, hours, quantities or amounts. */
import type { Run } from './digit-runs.ts';

/**
 * Whether the first three are one: 24.12.2026, 12/24/26, 24 12 2026. A year of two digits stands behind the sign that is between
 * the other two, and that sign does not go on.
 */
export function isDate(text: string, groups: Run): boolean {
  const [one, other, year, next] = groups;
  if (one === undefined || other === undefined || year === undefined) return false;
  if (one.digits.length > 2 || other.digits.length > 2 || !isDayOfYear(Number(one.digits), Number(other.digits))) {
    return false;
  }
  if (/^(?:19|20)\d\d$/.test(year.digits)) return true;
  const sign = text.slice(one.end, other.start);
  const signs = [text.slice(other.end, year.start), text.slice(year.end, next?.start ?? year.end)];
  return year.digits.length === 2 && /^[\p{Pd}/.]$/u.test(sign) && signs[0] === sign && signs[1] !== sign;
}

/** Day and month, in whichever order. */
function isDayOfYear(one: number, other: number): boolean {
  return Math.min(one, other) >= 1 && Math.min(one, other) <= 12 && Math.max(one, other) <= LAST_DAY;
}

const LAST_DAY = 31;
const PAUSED = /^[,.，、،]{1,2}\s+$/u;
const JOINED = /^[\p{Pd}/.,]$/u;

/** With commas between: days or hours going up, round figures, or pairs (9-12, 14-18 and 01/02, 03/04 and 2,5, 3,5). */
export function isList(text: string, groups: Run): boolean {
  const gaps = groups.slice(1).map(({ start }, index) => text.slice(groups[index]!.end, start));
  const numbers = groups.map(({ digits }) => Number(digits));
  const small = groups.every(({ digits }) => digits.length <= 2);
  if (gaps.length < 2) return false;
  if (gaps.every((gap) => PAUSED.test(gap))) {
    const goingUp = numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
    const round = numbers.every((number) => number % 10 === 0);
    return round || (small && goingUp && numbers.at(-1)! <= LAST_DAY);
  }
  const joined = gaps.map((gap) => JOINED.test(gap));
  const byTurns = gaps.every(
    (gap, index) => joined[index] !== (joined[index - 1] ?? !joined[index]) && (joined[index] || PAUSED.test(gap)),
  );
  return small && gaps.length > 2 && byTurns;
}
