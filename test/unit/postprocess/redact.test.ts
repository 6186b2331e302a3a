import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REDACTABLE, type Redaction, redactRecord } from '../../../src/postprocess/index.ts';
import { type CallRecord, callRecordSchema, type Line } from '../../../src/transcript/index.ts';
import { record } from '../transcript/given.ts';

const ALL: Redaction = { what: [...REDACTABLE], names: [], files: false };
const line = (text: string, more: Partial<Line> = {}): Line => ({
  speaker: 'caller',
  kind: 'speech',
  text,
  heardText: text,
  cut: false,
  startMs: 0,
  endMs: 0,
  ...more,
});
const withLines = (...lines: Line[]): CallRecord => ({ ...record(), lines });
const said = (text: string, redaction = ALL, from = '+15550001') =>
  redactRecord({ ...withLines(line(text)), from }, redaction).lines[0]?.text;
const digitsOf = (text: string) => text.replace(/\D/g, '');

/** 12 to 18 digits, and the one that has them pass Luhn's check. */
const card = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 18 }).map((digits) => {
  const sum = digits
    .toReversed()
    .map((digit, index) => (index % 2 === 0 ? digit * 2 : digit))
    .reduce((all, digit) => all + (digit > 9 ? digit - 9 : digit), 0);
  return [...digits, (10 - (sum % 10)) % 10].join('');
});
/** Anything without letters and digits. */
const separator = fc.string({ unit: 'grapheme', maxLength: 5 }).map((text) => text.replace(/[\p{L}\p{N}]/gu, ''));
const words = fc.constantFrom('', 'my card is ', 'number 2: ', 'since 2019, ', 'yes ', '12 - 34 ');
const separated = fc.tuple(card, fc.array(separator, { minLength: 19, maxLength: 19 })).map(([digits, separators]) => ({
  digits,
  text: [...digits].map((digit, index) => digit + (index < digits.length - 1 ? separators[index] : '')).join(''),
}));

describe('payment cards', () => {
  test('never get through, whatever stands between their digits, before and behind them', () => {
    fc.assert(
      fc.property(
        separated,
        words,
        fc.constantFrom('', ' and 5 more', '. 123', ', thank you'),
        (given, before, after) => {
          const text = said(before + given.text + after, { ...ALL, what: ['cards'] }) ?? '';
          expect(text).toContain('[card]');
          expect(digitsOf(text)).not.toContain(given.digits);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('never get through when they are said over several lines, with answers between', () => {
    fc.assert(
      fc.property(
        separated,
        fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 4 }),
        ({ text, digits }, cuts) => {
          const at = [...new Set(cuts.map((cut) => cut % text.length))].sort((a, b) => a - b);
          const pieces = [0, ...at].map((from, index) => text.slice(from, at[index]));
          const lines = pieces.flatMap((piece) => [line(piece), line('Yes, go on.', { speaker: 'agent' })]);
          const redacted = redactRecord(withLines(...lines), ALL).lines;
          const caller = redacted.filter(({ speaker }) => speaker === 'caller');
          expect(digitsOf(caller.map(({ text, heardText }) => text + heardText).join(''))).not.toContain(
            digits.slice(0, 7),
          );
          expect(redacted[1]?.text).toBe('Yes, go on.');
        },
      ),
    );
  });

  test('never get through when they are keyed in, also right after a choice from a menu', () => {
    fc.assert(
      fc.property(card, fc.constantFrom('', '1', '30', '#'), fc.constantFrom('', '#', '1'), (digits, before, after) => {
        const keys = before + digits + after;
        const call = { ...withLines(line(keys, { kind: 'digits' })), digits: keys };
        const redacted = redactRecord(call, { ...ALL, what: ['cards'] });
        expect(redacted.digits).not.toContain(digits);
        expect(redacted.lines[0]?.text).not.toContain(digits);
      }),
    );
  });

  test.for([
    ['of another script', '٤١١١ ١١١١ ١١١١ ١١١١'],
    ['in full width', '４１１１－１１１１－１１１１－１１１１'],
    ['for mathematics', '𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏'],
  ])('do not get through in digits %s', ([, number = '']) => {
    expect(said(`It is ${number}.`)).toBe('It is [card].');
  });

  test('are told from other long numbers by their check digit', () => {
    expect(said('order 4111 1111 1111 1112', { ...ALL, what: ['cards'] })).toBe('order 4111 1111 1111 1112');
  });
});

describe('ordinary numbers', () => {
  test.for([
    'a table for 4 at 7:30 pm on 24.12.2026',
    'from 2026-11-25 to 2026-12-24, 2 adults and 1 child',
    'on 01/02/2026 10:30, or on 03-04-26 at 18 30',
    'it costs $1,234,567.89, or 99 cents',
    'room 1204, floor 12, order 48213',
    'flight LH 2317 at gate 45, seat 23 A',
    'between 1000 and 2000 people, 12.5 percent',
    'zip code 90210, or 10115 Berlin',
    'open 9-17, Monday to Friday, 365 days',
    'version 10.2.33.1 of 05 06 2026 12:15',
  ])('stay: %s', (text) => {
    expect(said(text)).toBe(text);
  });

  test('stay: any date, time and price', () => {
    const two = (max: number) => fc.integer({ min: 1, max }).map((value) => String(value).padStart(2, '0'));
    const year = fc.integer({ min: 1900, max: 2100 });
    fc.assert(
      fc.property(two(31), two(12), year, two(23), two(59), fc.nat({ max: 99_999 }), (d, m, y, h, min, price) => {
        const text = `${d}.${m}.${y} and ${m}/${d}/${y} and ${y}-${m}-${d} at ${h}:${min} for $${price}.${min} each`;
        expect(said(text)).toBe(text);
      }),
    );
  });
});

describe("the caller's number", () => {
  test.for(['+4915123456789', '0151 2345 6789', '0049 (151) 23456789', '151-23456789', '23456789'])(
    'is known as %s',
    (text) => {
      expect(said(`It is ${text}.`, { ...ALL, what: ['caller'] }, '+4915123456789')).toMatch(
        /^It is \+?\(?\[caller\]\.$/,
      );
    },
  );

  test('is told from those of others', () => {
    const other = 'It is 0151 2345 6780, or 456789.';
    expect(said(other, { ...ALL, what: ['caller'] }, '+4915123456789')).toBe(other);
  });

  test('is blacked out where the record has it: of an outbound call, that of who was called', () => {
    const inbound = redactRecord(record(), ALL);
    expect(inbound).toMatchObject({ from: '[caller]', to: '+15550002' });
    const outbound = redactRecord({ ...record(), direction: 'outbound' }, ALL);
    expect(outbound).toMatchObject({ from: '+15550001', to: '[caller]' });
    expect(redactRecord(record(), { ...ALL, what: ['phones'] }).from).toBe('+15550001');
  });

  test('is blacked out in what was answered when the call rang, too', () => {
    const variables = { name: 'Ada', mobile: record().from };
    const { callStart } = redactRecord({ ...record(), callStart: { askedBy: 'front', variables, voice: 'Puck' } }, ALL);
    expect(callStart).toEqual({ askedBy: 'front', variables: { name: 'Ada', mobile: '[caller]' }, voice: 'Puck' });
  });

  test('is blacked out in what an outbound call was ordered with; how it is spoken stays', () => {
    const [to, voice, language] = ['+15550002', 'Puck', 'de-DE'];
    const ordered = { variables: { mobile: to }, greeting: `You are ${to}.`, voice, language };
    const { outbound } = redactRecord({ ...record(), direction: 'outbound', to, outbound: ordered }, ALL);
    expect(outbound).toEqual({ variables: { mobile: '[caller]' }, greeting: 'You are [caller].', voice, language });
  });

  test('may be a SIP address', () => {
    const text = 'I am bob.smith@pbx.example, or was it sip:bob.smith@pbx.example?';
    expect(said(text, { ...ALL, what: ['caller'] }, 'sip:bob.smith@pbx.example')).toBe(
      'I am [caller], or was it sip:[caller]?',
    );
  });
});

describe('the rest', () => {
  test.for([
    ['mail to jo.doe+x@mail.example.com.', 'mail to [email].'],
    ['it is jo.doe at example dot co dot uk', 'it is [email]'],
    ['ada dot lovelace at example dot com', '[email]'],
    ['Ada, dot, Lovelace, at example, dot com.', '[email].'],
    ['ada dot k dot lovelace at example.com, or ada dot lovelace@example.com', '[email], or [email]'],
    ['a polka dot dress, and we are at example.com', 'a polka dot dress, and we are at example.com'],
    ['IBAN: DE89 3704 0044 0532 0130 00, thanks', 'IBAN: [iban], thanks'],
    ['gb29nwbk60161331926819', '[iban]'],
    ['GB29-NWBK-6016-1331-9268-19 is it', '[iban] is it'],
    ['DE89 3704 0044 0532 0130 01', 'DE89 3704 0044 0532 0130 01'],
  ])('of addresses and accounts: %s', ([text = '', expected]) => {
    expect(said(text, { ...ALL, what: ['emails', 'ibans'] })).toBe(expected);
  });

  test('of names those that are listed, as words of their own', () => {
    const names = ['Ana', 'Ana María', "O'Neil (Jr.)"];
    const text = "Anabel met ana  maría, ANA and O'Neil (Jr.) in Ghana.";
    expect(said(text, { ...ALL, names })).toBe('Anabel met [name], [name] and [name] in Ghana.');
  });

  test('what the caller heard is blacked out as what was said, also when it was cut in mid-number', () => {
    const text = 'Your card 4111 1111 1111 1111 is charged.';
    const cut = line(text, { speaker: 'agent', heardText: 'Your card 4111 1111', cut: true });
    expect(redactRecord(withLines(cut), ALL).lines[0]).toMatchObject({
      text: 'Your card [card] is charged.',
      heardText: 'Your card [card]',
    });
  });

  test('goes through tools, headers and events, in names as in values, and the result is a record', () => {
    const call: CallRecord = {
      ...record(),
      sipHeaders: { 'X-Card': '4111111111111111' },
      toolCalls: [
        {
          id: '1',
          name: 'pay',
          args: { card: 4111111111111111, list: [{ 'jo@example.com': ['+49 151 23456789'] }], table: 4, ok: true },
          calledAtMs: 0,
          answer: { told: null, mail: 'jo@example.com' },
          answeredAtMs: 1,
        },
      ],
      messages: [{ atMs: 0, text: 'Write to jo@example.com.', number: '+49 151 23456789' }],
      grounding: [
        {
          atMs: 0,
          queries: ['who is jo@example.com'],
          sources: [{ title: 'Call +49 151 23456789', uri: 'https://example.com/?q=jo@example.com' }],
        },
      ],
      events: [{ atMs: 0, code: 'X', detail: 'to +49 151 23456789' }],
    };
    const redacted = redactRecord(call, ALL);
    expect(redacted).toMatchObject({
      redacted: ['cards', 'ibans', 'emails', 'caller', 'phones'],
      sipHeaders: { 'X-Card': '[card]' },
      toolCalls: [
        {
          args: { card: '[card]', list: [{ '[email]': ['[phone]'] }], table: 4, ok: true },
          answer: { told: null, mail: '[email]' },
        },
      ],
      messages: [{ atMs: 0, text: 'Write to [email].', number: '[phone]' }],
      grounding: [
        {
          queries: ['who is [email]'],
          sources: [{ title: 'Call [phone]', uri: 'https://example.com/?q=[email]' }],
        },
      ],
      events: [{ detail: 'to [phone]' }],
    });
    expect(callRecordSchema.parse(redacted)).toEqual(redacted);
  });

  test('changes nothing else, and nothing the second time', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 }), (texts) => {
        const once = redactRecord(withLines(...texts.map((text) => line(text))), ALL);
        expect(redactRecord(once, ALL)).toEqual(once);
        const none = redactRecord(withLines(...texts.map((text) => line(text))), { ...ALL, what: [] });
        expect(none.lines.map(({ text }) => text)).toEqual(texts);
      }),
    );
  });

  test('takes no longer than its text, however hostile', () => {
    const hostile = [
      '1 '.repeat(50_000),
      'a'.repeat(100_000),
      '@a.'.repeat(30_000),
      '+0-'.repeat(30_000),
      'DE89 '.repeat(20_000),
    ];
    for (const text of hostile) expect(said(text)).toBeDefined();
  });
});
