/** A clock that is wound by hand stands still for what comes in real time: else a busy machine is late for each deadline. */
import { open } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { givenHttpService, json } from '../support/http-service.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { wound } from '../support/wound.ts';

const TIMES = 50;
/** A step of the winding. */
const STEP_MS = 20;

async function again(work: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < TIMES; time++) await work();
}

test('for its disk, whose work is done before the next timer runs', async () => {
  const clock = new ManualClock();
  let done = false;
  let wasDone: boolean | undefined;
  clock.after(1, () => {
    wasDone = done;
  });
  void again(async () => (await open('package.json')).close()).then(() => {
    done = true;
  });
  await clock.advance(1);
  expect(wasDone).toBe(true);
});

test('for a request, until it is answered', async () => {
  const clock = new ManualClock();
  const { port } = await givenHttpService((_asked, response) => json(response, 1));
  const beganMs = clock.nowMs();
  await wound(
    clock,
    again(async () => (await fetch(`http://127.0.0.1:${port}/`)).json()),
  );
  // Less than a step for each: connecting, asking and being answered take none.
  expect(clock.nowMs() - beganMs).toBeLessThanOrEqual(TIMES * STEP_MS);
});

test('and not for a server of the test that takes its time by this clock', async () => {
  const clock = new ManualClock();
  const { port } = await givenHttpService((_asked, response) => void clock.after(5_000, () => json(response, 1)));
  const beganMs = clock.nowMs();
  await wound(clock, fetch(`http://127.0.0.1:${port}/`));
  expect(clock.nowMs() - beganMs).toBeGreaterThanOrEqual(5_000);
});

test('nor for another process that does not answer', async () => {
  const clock = new ManualClock();
  const { port } = await givenHttpService(() => undefined);
  const abort = new AbortController();
  clock.after(5_000, () => abort.abort(new Error('late')));
  const asked = fetch(`http://127.0.0.1:${port}/questions`, { signal: abort.signal });
  await expect(wound(clock, asked, (path) => path === '/questions')).rejects.toThrow('late');
});
