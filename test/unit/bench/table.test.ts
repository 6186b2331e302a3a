import { expect, test } from 'vitest';
import { between, markdownTable } from '../../../bench/table.ts';
import { wordsMissing, wordsOf } from '../../../bench/words.ts';

test('a table has columns as wide as their widest cell, and escapes what would end one', () => {
  expect(markdownTable(['fault', 'gap'], [['a|b', '–'], ['c']])).toBe(
    ['| fault | gap |', '|-------|-----|', '| a\\|b  | –   |', '| c     |     |'].join('\n'),
  );
});

test('a generated part of a page takes the place of the one before, and the rest stays', () => {
  const page = 'a\n<!-- t: begin -->\nold\n<!-- t: end -->\nb\n';
  expect(between(page, 't', 'new')).toBe('a\n<!-- t: begin -->\nnew\n<!-- t: end -->\nb\n');
  expect(() => between(page, 'other', 'new')).toThrow('no place for other');
});

test('words are missing that cannot be found in order', () => {
  const said = wordsOf('The parcel left our store on Monday.');
  expect(wordsMissing(said, wordsOf('the parcel left — the parcel left our store on monday'))).toBe(0);
  expect(wordsMissing(said, wordsOf('The parcel left'))).toBe(4);
  expect(wordsMissing(said, wordsOf('Monday on store'))).toBe(6);
});
