import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemIds } from '../../../src/lib/index.ts';
import { containerOf } from '../../../src/transcript/container.ts';
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

const fileOf = (id: string) => join(folder, `${id}.json`);
const beatenMs = async (id: string): Promise<number> => (await stat(fileOf(id))).mtimeMs;
const backdate = async (id: string, toMs: number): Promise<void> => utimes(fileOf(id), toMs / 1_000, toMs / 1_000);

/** A process of which the folder knows, and whose last beat came `olderMs` before ours. */
async function given(identity: object | string, olderMs: number): Promise<string> {
  const id = `1-${systemIds.uuid()}`;
  await writeFile(fileOf(id), typeof identity === 'string' ? identity : JSON.stringify(identity));
  await backdate(id, (await beatenMs(own.id)) - olderMs);
  return id;
}

const ELSEWHERE = { pid: process.pid, place: 'elsewhere', startTicks: '1' };

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
  expect(own.isDead(await given(ELSEWHERE, 29_000))).toBe(false);
  expect(own.isDead(await given(ELSEWHERE, 31_000))).toBe(true);
});

test('one of an earlier life of this container is dead, however young its beat', async () => {
  const [mine, others] = ['a'.repeat(64), 'b'.repeat(64)];
  const again = openOwners({ folder, clock, ids: systemIds, container: mine });
  expect(again.isDead(await given({ ...ELSEWHERE, container: mine }, 0))).toBe(true);
  expect(again.isDead(await given({ ...ELSEWHERE, container: others }, 0))).toBe(false);
  expect(again.isDead(await given(ELSEWHERE, 0))).toBe(false);
  // One that is in the same namespace lives, as the kernel says.
  const beside = openOwners({ folder, clock, ids: systemIds, container: mine });
  expect(again.isDead(beside.id)).toBe(false);
  beside.close();
  again.close();
});

const UPPER = '/var/lib/docker/overlay2/f00d/diff';
const rootOn = (options: string) => `709 60 0:52 / / rw,relatime - overlay overlay rw,${options}`;
const hostnameAt = (root: string) => `733 709 8:1 ${root} /etc/hostname rw,relatime - ext4 /dev/sda1 rw,upperdir=/no`;
const OVERLAY = rootOn(`lowerdir=/var/lib/docker/overlay2/l/A:/l/B,upperdir=${UPPER},workdir=/var/lib/docker/w`);
const mountsOf = (...lines: string[]) => ['24 29 0:22 / /proc rw,nosuid - proc proc rw', ...lines, ''].join('\n');

test.each([
  ['Docker', `/var/lib/docker/containers/${'c'.repeat(64)}/hostname`, `${'c'.repeat(64)} ${UPPER}`],
  [
    'Podman',
    `/containers/storage/overlay-containers/${'d'.repeat(64)}/userdata/hostname`,
    `${'d'.repeat(64)} ${UPPER}`,
  ],
  ['something else', '/etc/hostname', undefined],
])('the container is told by the mounts of its host name and its root: %s', (_by, root, id) => {
  expect(containerOf(mountsOf(OVERLAY, hostnameAt(root)))).toBe(id);
});

test.each([
  ["one network, with the host name's file of the one that has it", `/docker/containers/${'c'.repeat(64)}/hostname`],
  ['a pod, by CRI-O', `/containers/storage/overlay-containers/${'e'.repeat(64)}/userdata/hostname`],
  ['a pod, by containerd', `/io.containerd.grpc.v1.cri/sandboxes/${'e'.repeat(64)}/hostname`],
])('two containers of %s are not one', (_of, root) => {
  const [one, other] = ['one', 'other'].map((name) =>
    containerOf(mountsOf(hostnameAt(root), rootOn(`lowerdir=/l/A,upperdir=/overlay/${name}/diff,workdir=/w`))),
  );
  expect(one).not.toBe(other);
});

test('without both mounts it is none that can be told from its neighbours', () => {
  const hostname = hostnameAt(`/var/lib/docker/containers/${'c'.repeat(64)}/hostname`);
  expect(containerOf(mountsOf())).toBeUndefined();
  expect(containerOf(mountsOf(OVERLAY))).toBeUndefined();
  expect(containerOf(mountsOf(hostname))).toBeUndefined();
  expect(containerOf(mountsOf(hostname, rootOn('lowerdir=/l/A')))).toBeUndefined();
});

test('one whose file is not written yet, or unreadable, is judged by its heartbeat', async () => {
  expect(own.isDead(await given('{"pid":', 29_000))).toBe(false);
  expect(own.isDead(await given('{"pid":', 31_000))).toBe(true);
});

test("what this process's clock says makes nobody dead", async () => {
  const neighbour = await given(ELSEWHERE, 0);
  const hasty = new ManualClock(Date.UTC(2100, 0, 1));
  const later = openOwners({ folder, clock: hasty, ids: systemIds });
  clock.tick(3_600_000);
  expect([own.isDead(neighbour), later.isDead(neighbour)]).toEqual([false, false]);
  later.close();
});

test("after all stood still, or the file system's clock was set, each has time for a beat before it is judged", async () => {
  const neighbour = await given(ELSEWHERE, 0);
  const hourAgoMs = (await beatenMs(own.id)) - 3_600_000;
  await backdate(own.id, hourAgoMs);
  await backdate(neighbour, hourAgoMs);
  clock.tick(5_000);
  expect(own.isDead(neighbour)).toBe(false);
  clock.tick(5_000);
  expect(own.isDead(neighbour)).toBe(true);
});

test.runIf(process.platform === 'linux')('a process id that was given to another process does not count', async () => {
  const [name] = await readdir(folder);
  const place = JSON.parse(await readFile(join(folder, name!), 'utf8')).place;
  const earlier = await given({ ...ELSEWHERE, place }, 0);
  expect(own.isDead(earlier)).toBe(true);
});

test('its own heart beats, for those that cannot tell by the process id, also when its file was removed', async () => {
  const { mtimeMs } = await stat(fileOf(own.id));
  const content = await readFile(fileOf(own.id), 'utf8');
  await backdate(own.id, mtimeMs - 600_000);
  clock.tick(5_000);
  expect(await beatenMs(own.id)).toBeGreaterThanOrEqual(mtimeMs);
  await rm(fileOf(own.id));
  clock.tick(5_000);
  expect(await readFile(fileOf(own.id), 'utf8')).toBe(content);
});

test('what dead processes leave is cleared away by the next', async () => {
  await given({ ...ELSEWHERE, pid: 1 }, 31_000);
  const next = openOwners({ folder, clock, ids: systemIds });
  expect((await readdir(folder)).sort()).toEqual([`${own.id}.json`, `${next.id}.json`].sort());
  next.close();
});
