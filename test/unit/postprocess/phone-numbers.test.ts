import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Redaction, redactRecord } from '../../../src/postprocess/index.ts';
import type { Line } from '../../../src/transcript/index.ts';
import { record } from '../transcript/given.ts';

const PHONES: Redaction = { what: ['phones'], names: [], files: false };
const said = (...texts: string[]): string => {
  const lines = texts.map((text): Line => ({ ...record().lines[1]!, speaker: 'caller', text, heardText: text }));
  const redacted = redactRecord({ ...record(), lines }, PHONES).lines;
  return redacted.map(({ text }) => text).join('|');
};

describe('a telephone number', () => {
  test.each([
    // As it is written.
    ['+49 151 23456789', '[phone]'],
    ['call 0049-151-234 567 89 now', 'call [phone] now'],
    ['+49 (0)171 2345678.', '[phone].'],
    ['(415) 555-2671 or 415.555.2671 or 4155552671', '[phone] or [phone] or [phone]'],
    ['1-800-555-0199', '[phone]'],
    ['it is 555-0142, please', 'it is [phone], please'],
    ['212 - 555 - 3456', '[phone]'],
    ['212 555 34 56', '[phone]'],
    ['030 / 901 820 33', '[phone]'],
    ['01 23 45 67 89', '[phone]'],
    ['01-23-45-67-89', '[phone]'],
    ['(0)20 7946 0958', '[phone]'],
    ['(020) 7946 0958', '[phone]'],
    // With pauses.
    ['+49, 171, 2345678', '[phone]'],
    ['0049, 171, 2345678', '[phone]'],
    ['+49, 151, 23, 45, 67, 89.', '[phone].'],
    ['+1, 212, 555, 3456', '[phone]'],
    ['1, 212, 555, 3456', '[phone]'],
    ['0171, 2345678', '[phone]'],
    ['0171. 234. 5678', '[phone]'],
    ['0171,2345678 or 0171 234,567', '[phone] or [phone]'],
    ['01, 23, 45, 67, 89', '[phone]'],
    ['212, 555, 3456', '[phone]'],
    ['212, 555-3456', '[phone]'],
    ['212,555,3456 and 212,555-3456', '[phone] and [phone]'],
    ['090、1234、5678', '[phone]'],
    // Digit by digit.
    ['2 1 2 5 5 5 3 4 5 6', '[phone]'],
    ['2-1-2-5-5-5-3-4-5-6', '[phone]'],
    ['2-1-2, 5-5-5, 3-4-5-6', '[phone]'],
    ['2, 1, 2, 5, 5, 5, 3, 4, 5, 6', '[phone]'],
    ['1 2 1 2 5 5 5 3 4 5 6', '[phone]'],
    ['212 5 5 5 3 4 5 6', '[phone]'],
    ['0 1 7 1, 2 3 4, 5 6 7 8', '[phone]'],
    ['0171, 2 3 4 5 6 7 8', '[phone]'],
    ['0 0 4 9 1 7 1 2 3 4 5 6 7 8', '[phone]'],
    ['+4 9, 1 7 1, 2 3 4, 5 6 7 8', '[phone]'],
    // Beside other numbers.
    ['number 2:0171 2345678, yes', 'number 2:[phone], yes'],
    ['on 05/06/2026 at 0171 2345678', 'on 05/06/2026 at [phone]'],
    ['05 06 2026, 0171 2345678', '05 06 2026, [phone]'],
    ['030 901820 212 555 3456', '[phone]'],
    ['+49 171 2345678, 4 people', '[phone], 4 people'],
    ['+49 171 234 5678, 18 Uhr', '[phone], 18 Uhr'],
    ['0171 234 5678. 4 people', '[phone]. 4 people'],
    ['212-555-3456, 4 people at 7, table 12', '[phone], 4 people at 7, table 12'],
  ])('is found: %s', (text, expected) => {
    expect(said(text)).toBe(expected);
  });

  test('is found over several lines', () => {
    expect(said('It is 0171.', '234,', '5678. Thanks.')).toBe('It is [phone]|[phone]|[phone]. Thanks.');
  });

  /** With a last pair that no list of days has, and that is not round. */
  const ending = fc.tuple(fc.integer({ min: 4, max: 9 }), fc.integer({ min: 1, max: 9 })).map((pair) => pair.join(''));
  const digits = (length: number) =>
    fc.stringMatching(new RegExp(`^[0-9]{${length - 2}}$`)).chain((head) => ending.map((tail) => head + tail));
  const forms = fc.constantFrom(
    { prefix: '+491', length: 12, groupings: [[2, 3, 7], [2, 3, 3, 4], [2, 4, 2, 2, 2], [5, 5, 2], Array(12).fill(1)] },
    { prefix: '00331', length: 13, groupings: [[4, 1, 2, 2, 2, 2], [4, 4, 5], Array(13).fill(1)] },
    { prefix: '017', length: 11, groupings: [[4, 7], [4, 3, 4], [3, 4, 4], [5, 2, 2, 2], Array(11).fill(1)] },
    { prefix: '01', length: 10, groupings: [[2, 2, 2, 2, 2], [4, 3, 3], [4, 6], Array(10).fill(1)] },
    { prefix: '2', length: 10, groupings: [[3, 3, 4], [3, 7], [3, 3, 2, 2], [10], [3, 1, 1, 1, 4], Array(10).fill(1)] },
    { prefix: '12', length: 11, groupings: [[1, 3, 3, 4], [4, 3, 4], [11], Array(11).fill(1)] },
  );
  const written = forms.chain(({ prefix, length, groupings }) =>
    fc
      .tuple(
        digits(length - prefix.replace('+', '').length),
        fc.constantFrom(...groupings),
        fc.constantFrom(' ', '-', '–', ' - ', ', ', ',', ' , ', '. ', ') '),
        fc.constantFrom(', ', '. ', ' ', '-', '，'),
        fc.integer({ min: 1, max: 12 }),
      )
      .map(([rest, lengths, usual, other, there]) => {
        // Another in one place, but where it would mean something else: a date, an amount, or the end after eleven digits.
        const mayDiffer = usual !== ',' && lengths[0] !== 2 && length <= 11;
        let left = prefix.replace('+', '') + rest;
        const groups = lengths.map((many: number) => {
          const group = left.slice(0, many);
          left = left.slice(many);
          return group;
        });
        const between = (nth: number) => (mayDiffer && nth === there ? other : usual);
        const text = groups.map((group, index) => (index === 0 ? group : between(index) + group)).join('');
        return prefix.startsWith('+') ? `+${text}` : text;
      }),
  );
  const withWords = fc.tuple(
    fc.constantFrom('', 'It is ', 'call me: ', 'at 7:30, '),
    written,
    fc.constantFrom('', '.', ', thank you', ' or so, at 4'),
  );

  test('is found with any of the separators between its groups, or its digits', () => {
    fc.assert(
      fc.property(withWords, ([before, number, after]) => {
        expect(said(before + number + after)).toBe(`${before}[phone]${after}`);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what is no telephone number stays', () => {
  test.each([
    // Prices.
    'it costs $1,234,567.89, or 99 cents',
    '8.00, 9.00, 10.00, 11.00, 12.00',
    '0,50, 1,20, 2,80, 3,10, 4,40',
    '200,000, 3000 and 250,300, 1000',
    '1,000, 2,000, 3,000, 4,000',
    'from 10,000,000,000 to 20,000,000,000',
    // Times and dates.
    'at 9:00, 10:30, 12:45, 14:00',
    'at 08:00, 10, 12, 14, 16',
    '9-12, 14-18, 9-12, 14-18, 9-13',
    '08-12, 13-17, 08-12, 13-17',
    '01/02, 03/04, 05/06',
    'on 01.02., 03.04., 05.06.',
    'on 05, 06, 07, 08, 09 or 12',
    'at 08, 09, 10, 11, 12',
    '2026-11-25, 10 people, 2026-11-25 10 30',
    '05 06 2026, 12 30, 4 people',
    '01.02.2026 10.30',
    '24.12.2026, 18 30',
    '01, 02, 2026, 10, 30',
    // Quantities, and what is counted.
    '1, 2, 3, 4, 5, 6, 7, 8, 9, 10',
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9',
    '500, 750, 1000',
    '0, 10, 20, 30, 40, 50',
    'ages 18+, 25, 30, 40, 65',
    '2,5, 3,5, 4,2, 2,8, 3,1',
    '2-1, 3-0, 1-1, 2-2, 4-3',
    '12, 34, 7, 250, 19, 3',
    '4, 3, 2, 5 and 1',
    // Orders, rooms, flights.
    'order 4 8 2 1 3, then 48213-77',
    'order 1234567, 2 pieces, 3 boxes',
    'order 0123456, 2 pieces',
    'order 01234567, 2 pieces, 3',
    'order 12 345 678, or 5 5 5 0 1 4 2',
    'room 1204, floor 12, seat 23, flight LH2125553456',
    'version 10.2.33.1, section 2.1.2.5.5',
  ])('%s', (text) => {
    expect(said(text)).toBe(text);
  });

  test('and is read in no longer than its text, however hostile', () => {
    for (const text of ['1 ', '0,', '1,000', '+0-', '2-1, ', '0 1, ', '24.12.2026 ']) {
      expect(said(text.repeat(30_000))).toBeDefined();
    }
  });
});
