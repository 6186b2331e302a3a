/** What may be the agent's own voice, by when it was played and how loud it was. */
import { expect, test } from 'vitest';
import { pcm, tone } from '../../../src/audio/index.ts';
import { EchoLevel } from '../../../src/call/echo-level.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const sound = (dbov: number, lengthMs = 20) => tone({ hz: 440, lengthMs, dbov }, 8000);
/** A quarter of the amplitude is 12 dB less. */
const FACTOR = 0.25;

function given() {
  const clock = new ManualClock();
  const echo = new EchoLevel(clock, FACTOR);
  const covers = (dbov: number) => echo.covers(sound(dbov));
  return { clock, echo, covers };
}

test('nothing but silence is an echo while nothing was played', () => {
  const { echo, covers } = given();
  expect(covers(-60)).toBe(false);
  expect(echo.covers(pcm(new Int16Array(160), 8000))).toBe(true);
});

test('what is 12 dB quieter than what was just played may be its echo, and no louder', () => {
  const { clock, echo, covers } = given();
  echo.played(sound(-15, 2_000));
  clock.tick(1_000);
  expect(covers(-28)).toBe(true);
  expect(covers(-26)).toBe(false);
});

test('sound counts when it is played, not when it is sent', () => {
  const { clock, echo, covers } = given();
  echo.played(pcm(new Int16Array(8 * 2_000), 8000));
  echo.played(sound(-15, 2_000));
  clock.tick(1_900);
  expect(covers(-40)).toBe(false);
  clock.tick(600);
  expect(covers(-28)).toBe(true);
});

test('sound that comes no faster than it is played counts as well', () => {
  const { clock, echo, covers } = given();
  for (let i = 0; i < 20; i++) {
    echo.played(sound(-15, 40));
    clock.tick(45);
  }
  expect(covers(-28)).toBe(true);
  expect(covers(-26)).toBe(false);
});

test('its echo comes for half a second after it', () => {
  const { clock, echo, covers } = given();
  echo.played(sound(-15, 1_000));
  clock.tick(1_490);
  expect(covers(-28)).toBe(true);
  clock.tick(120);
  expect(covers(-28)).toBe(false);
});

test('what was stopped before it was played has none, and what follows begins at once', () => {
  const { clock, echo, covers } = given();
  echo.played(sound(-30, 500));
  echo.played(sound(-10, 3_000));
  clock.tick(400);
  echo.stopped();
  clock.tick(400);
  expect(covers(-30)).toBe(false);
  echo.played(sound(-15, 1_000));
  clock.tick(500);
  expect(covers(-28)).toBe(true);
});
