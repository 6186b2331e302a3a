/** What tests start ends with them: after a failed test, a test run that is killed, and Ctrl+C. */
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { spawnChild } from '../support/children.ts';
import { runningProcesses } from '../support/real-work.ts';

const HOOKS = new URL('./transcript/typescript-hooks.mjs', import.meta.url).href;
const CHILDREN = new URL('../support/children.ts', import.meta.url).href;
/** Ctrl+C does not end it, as it does not end a service with calls. Nobody ends it before the test's own deadline. */
const STUBBORN = `process.on('SIGINT', () => {}); console.log('there'); setTimeout(() => {}, 60_000);`;
const STARTS_ONE = `
  import { spawnChild } from '${CHILDREN}';
  spawnChild(process.execPath, ['-e', ${JSON.stringify(STUBBORN)}], { stdio: ['ignore', 'inherit', 'inherit'] });
`;

/** A process and its child, which has started. */
async function withChild(): Promise<{ pid: number; ended: Promise<unknown> }> {
  const args = ['--import', HOOKS, '--input-type=module', '-e', STARTS_ONE];
  const parent = spawnChild(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  // Not before both are gone: they write to the same pipe.
  const ended = once(parent, 'close');
  const pid = parent.pid!;
  await once(parent.stdout!, 'data');
  onTestFinished(() => {
    if (parent.stdout!.destroyed) return;
    process.kill(-pid, 'SIGKILL');
  });
  return { pid, ended };
}

test('a process that is killed takes what it started with it', async () => {
  const { pid, ended } = await withChild();
  process.kill(pid, 'SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('one that is ended by Ctrl+C does so too, though what it started would take its time', async () => {
  const { pid, ended } = await withChild();
  process.kill(-pid, 'SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
});

test('nothing is left of a process that has ended by itself', async () => {
  const before = runningProcesses();
  const child = spawnChild('true', []);
  const started = runningProcesses().filter((one) => !before.includes(one));
  expect(started).toContain(child);
  expect(started).toHaveLength(2);
  await vi.waitFor(() => expect(started.filter((one) => runningProcesses().includes(one))).toEqual([]));
});
