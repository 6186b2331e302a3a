/** When the event loop counts as late, and when no longer. */
import { expect, test } from 'vitest';
import { Overload } from '../../../src/call/index.ts';
import { measureLoopDelay } from '../../../src/lib/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function given() {
  const clock = new ManualClock();
  const metrics = createMetrics();
  const loop = { delayMs: 0, stopped: 0, read: 0 };
  const stop = (): void => {
    loop.stopped += 1;
  };
  const readMs = (): number => {
    loop.read += 1;
    return loop.delayMs;
  };
  const loopDelay = { readMs, stop };
  const overload = new Overload({ clock, metrics, loopDelay, logger: createLogger({ level: 'silent' }) });
  /** Whether it is on after each of these means over two seconds. */
  const after = (...delaysMs: number[]): boolean[] =>
    delaysMs.map((delayMs) => {
      loop.delayMs = delayMs;
      clock.tick(2_000);
      return overload.isOn;
    });
  return { clock, metrics, loop, overload, after };
}

test('a process is overloaded when its loop is late on average, and only after some calm no longer', () => {
  const { after } = given();
  expect(after(0, 100, 101, 101, 60, 30, 30, 29, 0)).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('calm must last: one late window begins it anew', () => {
  const { after } = given();
  expect(after(200, 200, 0, 0, 40, 0, 0, 0)).toEqual([false, true, true, true, true, true, true, false]);
});

test('a busy moment is no overload, however busy, and nor is what came before the first window', () => {
  const { after, loop } = given();
  expect(loop.read).toBe(1);
  expect(after(900, 50, 900, 50)).toEqual([false, false, false, false]);
});

test('the metrics tell of it', async () => {
  const { after, metrics } = given();
  after(120, 120);
  expect(await metrics.text()).toContain('callbridge_loop_delay_seconds 0.12\n');
  expect(await metrics.text()).toContain('callbridge_overloaded 1\n');
  after(0, 0, 0);
  expect(await metrics.text()).toContain('callbridge_overloaded 0\n');
});

test('it leaves no timer and no measurement behind', () => {
  const { overload, clock, loop } = given();
  overload.close();
  expect(clock.armed).toBe(0);
  expect(loop.stopped).toBe(1);
});

test('the real loop shows its lateness when it is blocked', async () => {
  const loopDelay = measureLoopDelay();
  try {
    const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 12));
    await turn();
    loopDelay.readMs();
    for (let i = 0; i < 3; i++) {
      const endMs = performance.now() + 150;
      while (performance.now() < endMs);
      await turn();
    }
    expect(loopDelay.readMs()).toBeGreaterThan(40);
  } finally {
    loopDelay.stop();
  }
});
