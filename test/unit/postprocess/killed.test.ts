/** kill -9 at moments between journal, queue and files: each call that ended comes out, once. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callRecordSchema } from '../../../src/transcript/index.ts';
import { killedAfter } from '../transcript/killed.ts';
import { openPipeline } from './pipeline-parts.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-killed-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Three processes are started, on machines that may be busy. */
const LIMIT_MS = 60_000;

test('after each of several kills, the next process finishes what the last one left', {
  timeout: LIMIT_MS,
}, async () => {
  const script = new URL('./pipeline.ts', import.meta.url);
  const ended: string[] = [];
  for (const enough of [1, 3, 23]) {
    const said = await killedAfter(script, [folder], (text) => text.split('\n').length > enough);
    ended.push(...said.split('\n').filter((line) => line !== ''));
  }

  const { owners, outbox, queue, worker } = await openPipeline(folder);
  await outbox.recover();
  await worker.start();
  expect(await outbox.idle(10_000)).toBe(true);
  await expect.poll(() => queue.counts(), { interval: 5, timeout: 15_000 }).toMatchObject({ waiting: 0, active: 0 });
  expect(await queue.counts()).toMatchObject({ delayed: 0, dead: 0 });
  await worker.close(1_000);
  outbox.close();
  owners.close();

  const files = (await readdir(join(folder, 'records'), { recursive: true })).filter((name) => name.endsWith('.json'));
  const records = await Promise.all(
    files.map(async (name) =>
      callRecordSchema.parse(JSON.parse(await readFile(join(folder, 'records', name), 'utf8'))),
    ),
  );
  const byId = new Map(records.map((record) => [record.callId, record]));
  // A call may have been begun, and killed before it could say that it ended.
  for (const callId of ended) {
    expect(byId.get(callId)).toMatchObject({ outcome: { kind: 'completed' }, lines: [{ text: `I am ${callId}` }] });
  }
  expect(records.length).toBeLessThanOrEqual(ended.length + 3);
  const effects = (await readFile(join(folder, 'effects'), 'utf8')).trim().split('\n');
  // Each call's steps ran; a kill between a step and its mark is the one thing that repeats it.
  expect(new Set(effects)).toEqual(new Set(byId.keys()));
  expect(effects.length - byId.size).toBeLessThanOrEqual(3 * 2);
  expect(await readdir(join(folder, 'journals'), { recursive: true })).toEqual([owners.id]);
});
