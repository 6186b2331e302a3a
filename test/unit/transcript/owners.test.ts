import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemIds } from '../../../src/lib/index.ts';
import { type Owners, openOwners } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

let folder: string;
let clock: ManualClock;
let own: Owners;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-owners-'));
  clock = new ManualClock();
  own = openOwners({ folder, clock, ids: systemIds });
});
afterEach(async () => {
  own.close();
  expect(clock.armed).toBe(0);
  await rm(folder, { recursive: true });
});

/** A process of which the folder knows. */
async function given(identity: object | string): Promise<string> {
  const id = `1-${systemIds.uuid()}`;
  await writeFile(join(folder, `${id}.json`), typeof identity === 'string' ? identity : JSON.stringify(identity));
  await utimes(join(folder, `${id}.json`), clock.nowMs() / 1_000, clock.nowMs() / 1_000);
  return id;
}

test('this process lives, and what is no process was never one', () => {
  expect(own.isDead(own.id)).toBe(false);
  expect(own.isDead('corrupt')).toBe(false);
});

test('another one lives until it closes', () => {
  const other = openOwners({ folder, clock, ids: systemIds });
  expect(own.isDead(other.id)).toBe(false);
  clock.tick(3_600_000);
  expect(own.isDead(other.id)).toBe(false);
  other.close();
  expect(own.isDead(other.id)).toBe(true);
});

test('one in another container or machine is judged by its heartbeat', async () => {
  const far = await given({ pid: process.pid, place: 'elsewhere', startTicks: '1' });
  clock.tick(29_999);
  expect(own.isDead(far)).toBe(false);
  clock.tick(1);
  expect(own.isDead(far)).toBe(true);
});

test('one whose file is not written yet, or unreadable, is judged by its heartbeat', async () => {
  const half = await given('{"pid":');
  expect(own.isDead(half)).toBe(false);
  clock.tick(30_000);
  expect(own.isDead(half)).toBe(true);
});

test.runIf(process.platform === 'linux')('a process id that was given to another process does not count', async () => {
  const [name] = await readdir(folder);
  const place = JSON.parse(await readFile(join(folder, name!), 'utf8')).place;
  const earlier = await given({ pid: process.pid, place, startTicks: '1' });
  expect(own.isDead(earlier)).toBe(true);
});

test('its own heart beats, for those that cannot tell by the process id', async () => {
  clock.tick(600_000);
  const { mtimeMs } = await stat(join(folder, `${own.id}.json`));
  expect(clock.nowMs() - mtimeMs).toBeLessThanOrEqual(5_000);
});

test('what dead processes leave is cleared away by the next', async () => {
  await given({ pid: 1, place: 'elsewhere', startTicks: '1' });
  clock.tick(30_000);
  const next = openOwners({ folder, clock, ids: systemIds });
  expect((await readdir(folder)).sort()).toEqual([`${own.id}.json`, `${next.id}.json`].sort());
  next.close();
});
