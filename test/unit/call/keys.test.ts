/** What the caller's keys mean together, and who gets to know it. */
import { expect, test } from 'vitest';
import { type KeySettings, Keys } from '../../../src/call/keys.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const SETTINGS: KeySettings = { interDigitMs: 2_000, terminator: '#', maxDigits: 6, secret: false };

function given(settings: KeySettings | undefined) {
  const clock = new ManualClock();
  const pressed: string[] = [];
  const told: string[] = [];
  const keys = new Keys({ clock, settings, pressed: (key) => pressed.push(key), entered: (text) => told.push(text) });
  const press = (text: string): void => {
    for (const key of text) keys.press(key);
  };
  return { clock, pressed, told, keys, press };
}

test('each is told by itself where nothing is said of them', () => {
  const { clock, told, keys, press } = given(undefined);
  press('1#');
  expect(told).toEqual(['[The caller pressed 1 on the telephone.]', '[The caller pressed # on the telephone.]']);
  expect([keys.entered, clock.armed]).toEqual(['#', 0]);
});

test('they are told together after a pause, at the terminator, or when they are all', async () => {
  const { clock, told, keys, press } = given(SETTINGS);
  press('12');
  await clock.advance(1_900);
  press('3');
  await clock.advance(1_900);
  expect(told).toEqual([]);
  await clock.advance(100);
  press('45#');
  press('678901');
  press('2');
  keys.close();
  expect(told.map((text) => /pressed (\S+) on/.exec(text)?.[1])).toEqual(['123', '45', '678901']);
  expect(clock.armed).toBe(0);
});

test('the terminator by itself is told like any other key, and leaves what was entered before as it was', async () => {
  const { clock, told, pressed, keys, press } = given(SETTINGS);
  press('#');
  expect([told, pressed, keys.entered]).toEqual([['[The caller pressed # on the telephone.]'], ['#'], '']);
  press('4711#');
  press('#');
  await clock.advance(60_000);
  expect([told.length, told.at(-1), keys.entered]).toEqual([3, '[The caller pressed # on the telephone.]', '4711']);
});

test.each([
  ['when they were all', '471182', 0],
  ['after a pause', '4711', 2_500],
])(
  'the terminator that comes late, %s, is told to nobody, and the next one is a key again',
  async (_when, code, ms) => {
    const { clock, told, pressed, keys, press } = given({ ...SETTINGS, secret: true });
    press(code);
    await clock.advance(ms);
    press('#');
    expect([told.length, keys.entered, pressed.at(-1)]).toEqual([1, code, '#']);
    press('#');
    expect([told.length, keys.entered]).toEqual([2, code]);
    expect(told[1]).toBe('[The caller pressed # on the telephone.]');
  },
);

test('a terminator long after what was entered, or after other keys, is not late for it', async () => {
  const { clock, told, keys, press } = given(SETTINGS);
  press('471182');
  await clock.advance(5_000);
  press('#');
  expect([told.length, keys.entered]).toEqual([2, '471182']);
  press('301145');
  press('7#');
  press('#');
  expect(told.map((text) => /pressed (\S+) on/.exec(text)?.[1])).toEqual(['471182', '#', '301145', '7', '#']);
  expect(keys.entered).toBe('7');
});

test('secret ones are known to nobody but who asks for them, and the model hears how many there are', async () => {
  const { clock, told, pressed, keys, press } = given({ ...SETTINGS, secret: true });
  press('4711#');
  expect(pressed).toEqual(['•', '•', '•', '•', '#']);
  expect(told).toEqual([expect.stringMatching(/^\[The caller pressed 4 keys on the telephone\. /)]);
  expect(keys.entered).toBe('4711');
  press('7');
  await clock.advance(2_000);
  expect(told[1]).toMatch(/pressed 1 key on/);
  expect(told.join()).not.toMatch(/7/);
});
