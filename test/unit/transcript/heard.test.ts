import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heardText } from '../../../src/transcript/index.ts';

describe('heardText', () => {
  test('gives the share that was played, back to the last whole word', () => {
    expect(heardText('one two three four', 500, 1_000)).toBe('one two');
    expect(heardText('one two three four', 400, 1_000)).toBe('one two');
    expect(heardText('one two three four', 350, 1_000)).toBe('one');
  });

  test('gives all when all was played, and nothing when none was', () => {
    expect(heardText('one two', 1_000, 1_000)).toBe('one two');
    expect(heardText('one two', 1_200, 1_000)).toBe('one two');
    expect(heardText('one two', 0, 1_000)).toBe('');
    expect(heardText('one two', 0, 0)).toBe('');
  });

  test('does not claim a first word that was begun', () => {
    expect(heardText('Internationalisation', 900, 1_000)).toBe('');
  });

  test('cuts scripts without spaces between graphemes', () => {
    expect(heardText('今日は晴れです', 500, 1_000)).toBe('今日は');
    expect(heardText('สวัสดีครับ', 500, 1_000)).not.toBe('');
    expect(heardText('Ja, 今日は晴れ', 800, 1_000)).toBe('Ja, 今日は');
  });

  test('never cuts within a grapheme', () => {
    const family = '👨‍👩‍👧';
    expect(heardText(`${family} ${family} ${family}`, 500, 1_000)).toBe(family);
  });

  test('is a beginning of the text, and grows with what was played', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(1_000), fc.nat(1_000), (text, a, b) => {
        const [shorter, longer] = [heardText(text, Math.min(a, b), 1_000), heardText(text, Math.max(a, b), 1_000)];
        expect(text.startsWith(longer)).toBe(true);
        expect(longer.startsWith(shorter)).toBe(true);
        if (Math.max(a, b) < 1_000) expect(longer.length).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
