/** Keys that the agent presses: known to all before the stream is left, and how long nobody is looked for meanwhile. */
import { expect, test } from 'vitest';
import { KeysOut } from '../../../src/call/keys-out.ts';
import type { Phase } from '../../../src/call/machine.ts';
import { SharedKeys } from '../../../src/call/shared-keys.ts';
import { createLocalNotes, type Notes } from '../../../src/cluster/index.ts';
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
  const step = async (what: string): Promise<void> => void steps.push(`${what}: ${await sharedKeys.of('CA1')}`);
  const keysOut = new KeysOut({
    deps: { facts: { callId: 'CA1' }, clock, sharedKeys },
    stream: {
      leave: () => {
        call.phase = 'parted';
        void step('left');
      },
    },
    phase: () => call.phase,
    takenUp,
  });
  const begin = (keys: string): void => {
    const pressed = keysOut.begin(keys);
    if (pressed === undefined) steps.push('not now');
    void pressed?.then((isDone) => steps.push(isDone ? 'pressed' : 'not pressed'));
  };
  return { clock, call, keysOut, begin, steps, sharedKeys };
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

test('what another process had pressed is pressed no more when the other side is here', async () => {
  const { clock, keysOut, sharedKeys } = given({ takenUp: true });
  await sharedKeys.share('CA1', '1');
  keysOut.back(true);
  await clock.advance(0);
  expect(await sharedKeys.of('CA1')).toBeUndefined();
});
