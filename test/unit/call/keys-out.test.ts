/** Keys that the agent presses: when the stream is left for them, who knows them by then, and how long nobody is looked for meanwhile. */
import { expect, test } from 'vitest';
import { awayMs, KeysOut, LAST_WORDS_MS } from '../../../src/call/keys-out.ts';
import type { Phase } from '../../../src/call/machine.ts';
import { SharedKeys } from '../../../src/call/shared-keys.ts';
import { createLocalNotes, type Notes } from '../../../src/cluster/index.ts';
import { Toolbox } from '../../../src/tools/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** `steps`: what was done, with the keys that others saw then. */
function given({ takenUp = false } = {}) {
  const clock = new ManualClock();
  const own = createLocalNotes(clock);
  // As over a network.
  const notes: Notes = {
    ...own,
    note: async (key, note) => {
      await Promise.resolve();
      return own.note(key, note);
    },
  };
  const sharedKeys = new SharedKeys(notes);
  const steps: string[] = [];
  const call: { phase: Phase } = { phase: 'talking' };
  // Nothing is to be heard, unless a test says so.
  const playout = { idle: true, sounding: false, leftMs: 0 };
  const agent = { playout, generating: false, hush: () => steps.push('hushed') };
  const step = async (what: string): Promise<void> => void steps.push(`${what}: ${await sharedKeys.of('CA1')}`);
  const keysOut = new KeysOut({
    deps: { facts: { callId: 'CA1' }, clock, sharedKeys },
    stream: {
      leave: () => {
        call.phase = 'parted';
        void step('left');
      },
    },
    agent,
    call,
    takenUp: takenUp ? { because: 'PROCESS_DIED' } : undefined,
  });
  const begin = (keys: string): void => {
    const pressed = keysOut.begin(keys);
    if (pressed === undefined) steps.push('not now');
    void pressed?.then((isDone) => steps.push(isDone ? 'pressed' : 'not pressed'));
  };
  /** So much later there is a look. */
  const after = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    keysOut.tick();
    await clock.advance(0);
  };
  return { clock, call, agent, playout, keysOut, begin, steps, sharedKeys, after };
}

test('all know them before the stream is left, and until the other side is back, away for as long as they take', async () => {
  const { clock, call, keysOut, begin, steps, sharedKeys } = given();
  begin('12ww');
  expect([keysOut.underWay, steps]).toEqual([true, []]);
  begin('3');
  await clock.advance(0);
  expect(steps).toEqual(['not now', 'left: 12ww']);
  expect([keysOut.keys, keysOut.keys]).toEqual(['12ww', '12ww']);
  await clock.advance(5_500);
  expect(keysOut.underWay).toBe(true);
  call.phase = 'talking';
  keysOut.back(true);
  await clock.advance(0);
  expect([keysOut.underWay, keysOut.keys, steps.at(-1)]).toEqual([false, undefined, 'pressed']);
  expect(await sharedKeys.of('CA1')).toBeUndefined();
});

test('a stream that comes without them says so, and ends them for all', async () => {
  const { clock, keysOut, begin, steps, sharedKeys } = given();
  begin('1');
  await clock.advance(0);
  keysOut.back(false);
  await clock.advance(0);
  expect([steps.at(-1), await sharedKeys.of('CA1')]).toEqual(['not pressed', undefined]);
});

test('who does not come back is looked for when that time is over', async () => {
  const { clock, keysOut, begin } = given();
  begin('1');
  await clock.advance(4_300);
  expect(keysOut.underWay).toBe(false);
});

test('a stream that is lost while they are made known is left already: they are pressed on the way to the next', async () => {
  const { clock, call, keysOut, begin, steps } = given();
  begin('1');
  call.phase = 'parted';
  await clock.advance(0);
  expect([keysOut.keys, steps]).toEqual(['1', []]);
  keysOut.back(true);
  await clock.advance(0);
  expect(steps).toEqual(['pressed']);
});

test('another stream that comes while they are made known is not left', async () => {
  const { clock, keysOut, begin, steps, sharedKeys } = given();
  begin('1');
  keysOut.back(false);
  await clock.advance(0);
  expect([steps, await sharedKeys.of('CA1')]).toEqual([['not pressed'], undefined]);
});

test('an agent that has begun to say goodbye meanwhile is not interrupted for them', async () => {
  const { clock, call, keysOut, begin, steps, sharedKeys } = given();
  begin('1');
  call.phase = 'farewell';
  await clock.advance(0);
  expect([steps, keysOut.underWay, await sharedKeys.of('CA1')]).toEqual([['not pressed'], false, undefined]);
});

test('what the agent is saying is heard first; meanwhile nobody knows of them, and no others are pressed', async () => {
  const { agent, playout, keysOut, begin, after, steps, sharedKeys } = given();
  Object.assign(playout, { idle: false, leftMs: 3_000 });
  begin('1');
  begin('2');
  await after(2_900);
  expect([keysOut.keys, keysOut.underWay, await sharedKeys.of('CA1'), steps]).toEqual([
    undefined,
    false,
    undefined,
    ['not now'],
  ]);
  // Played by the clock, and the echo is still to come.
  playout.leftMs = 0;
  await after(1_500);
  expect([agent.generating, keysOut.keys]).toEqual([false, undefined]);
  playout.idle = true;
  await after(100);
  expect([keysOut.keys, steps]).toEqual(['1', ['not now', 'left: 1']]);
});

test('a turn that is not over is waited for a second after its last sound, and eight in all; the rest is dropped', async () => {
  const paused = given();
  Object.assign(paused.agent, { generating: true });
  Object.assign(paused.playout, { idle: false, leftMs: 200 });
  paused.begin('1');
  await paused.after(200);
  paused.playout.leftMs = 0;
  await paused.after(900);
  expect(paused.keysOut.keys).toBeUndefined();
  await paused.after(100);
  expect([paused.keysOut.keys, paused.steps]).toEqual(['1', ['hushed', 'left: 1']]);
  const endless = given();
  Object.assign(endless.playout, { idle: false, leftMs: 60_000 });
  endless.begin('1');
  await endless.after(LAST_WORDS_MS - 100);
  expect(endless.keysOut.keys).toBeUndefined();
  await endless.after(100);
  expect([endless.keysOut.keys, endless.steps]).toEqual(['1', ['hushed', 'left: 1']]);
});

test('the longest keys after the longest words are pressed before the tool gives up', async () => {
  const tool = await new Toolbox({ clock: new ManualClock() }).open({ kind: 'sendDigits', name: 's', description: '' });
  const longest = 'w'.repeat(24);
  expect([tool.check({ digits: longest }), tool.check({ digits: `${longest}w` })]).toEqual([
    undefined,
    expect.any(String),
  ]);
  expect(LAST_WORDS_MS + awayMs(longest)).toBeLessThan(tool.deadlineMs);
});

test('another stream that comes meanwhile brings no word of them, and they are pressed from that one', async () => {
  const { call, playout, keysOut, begin, after, steps } = given();
  Object.assign(playout, { idle: false, leftMs: 3_000 });
  begin('1');
  call.phase = 'parted';
  await after(2_000);
  keysOut.back(false);
  call.phase = 'talking';
  playout.idle = true;
  await after(100);
  expect([keysOut.keys, steps]).toEqual(['1', ['left: 1']]);
});

test.each<[string, Phase, number]>([
  ['the agent says goodbye', 'farewell', 100],
  ['nobody is back in time', 'parted', LAST_WORDS_MS],
  ['its session is not back in time', 'resuming', LAST_WORDS_MS],
])('they are not pressed when, before they could be, %s', async (_what, phase, ms) => {
  const { call, playout, keysOut, begin, after, steps, sharedKeys } = given();
  Object.assign(playout, { idle: false, leftMs: 3_000 });
  begin('1');
  call.phase = phase;
  await after(ms - 100);
  Object.assign(playout, { idle: true, leftMs: 0 });
  await after(100);
  expect([steps, keysOut.keys, await sharedKeys.of('CA1')]).toEqual([['not pressed'], undefined, undefined]);
  call.phase = 'talking';
  await after(5_000);
  expect(steps).toEqual(['not pressed']);
});

test('what another process had pressed is pressed no more when the other side is here', async () => {
  const { clock, keysOut, sharedKeys } = given({ takenUp: true });
  await sharedKeys.share('CA1', '1');
  keysOut.back(true);
  await clock.advance(0);
  expect(await sharedKeys.of('CA1')).toBeUndefined();
});
