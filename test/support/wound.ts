/** Winds a clock by hand while something goes on that also has to do with real disks and networks. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../../src/lib/index.ts';
import type { ManualClock } from './manual-clock.ts';
import { onTheirWay } from './real-work.ts';

/** Longer than any call of the tests: one that goes on so long will never end. */
const MAX_CALL_MS = 180_000;
const STEP_MS = 20;
/** For a request on this machine; a test may take a little longer. */
const MAX_ON_THE_WAY_MS = 15_000;

/**
 * Winds the clock until `work` is done. It stands still while a request is on its way, so that what takes its time on a busy
 * machine is not late by the clock. `unanswered`: paths of requests that another process answers late, or never.
 */
export async function wound<T>(
  clock: ManualClock,
  work: Promise<T>,
  unanswered?: (path: string) => boolean,
): Promise<T> {
  let done = false;
  const finish = (): void => {
    done = true;
  };
  work.then(finish, finish);
  const endMs = clock.nowMs() + MAX_CALL_MS;
  while (!done) {
    await allArrived(unanswered);
    await clock.advance(STEP_MS);
    if (clock.nowMs() > endMs) throw new Error(`not done within ${MAX_CALL_MS} ms of the clock`);
  }
  return work;
}

async function allArrived(unanswered?: (path: string) => boolean): Promise<void> {
  const beganMs = systemClock.nowMs();
  for (let paths = onTheirWay(unanswered); paths.length > 0; paths = onTheirWay(unanswered)) {
    const lateMs = systemClock.nowMs() - beganMs;
    if (lateMs > MAX_ON_THE_WAY_MS) throw new Error(`on their way for ${lateMs} ms: ${paths.join(', ')}`);
    await nextTurn();
  }
}
