/** kill -9 at any moment: whatever was said to be journaled comes out, whole and once, of both queues. */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callRecordSchema } from '../../../src/transcript/index.ts';
import { spawnChild } from '../../support/children.ts';
import { seededRandom } from '../../support/random.ts';
import { findRedisServer, startJsRedis, startRedisServer, type TestRedis } from '../../support/redis.ts';
import { openPipeline } from './pipeline-parts.ts';

/** CALLBRIDGE_KILLS=500 for a long run, CALLBRIDGE_SEED for one that failed. */
const KILLS = Number(process.env['CALLBRIDGE_KILLS'] ?? 4);
const SEED = Number(process.env['CALLBRIDGE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Processes at a time: one may die while the other finds what an earlier one left. */
const AT_A_TIME = 2;
/** A process is killed within this after it has begun: recovering, playing, queueing and working all lie in it. */
const LIVES_MS = 250;
/** Starting a process takes up to some seconds on a machine that is busy. */
const LIMIT_MS = 60_000 + KILLS * 5_000;

let folder: string;
let receiver: Server;
let redis: TestRedis | undefined;
const bodies = new Map<string, string[]>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-kills-'));
  bodies.clear();
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const id = String(request.headers['webhook-id']);
    bodies.set(id, [...(bodies.get(id) ?? []), body]);
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterEach(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await redis?.stop();
  redis = undefined;
  await rm(folder, { recursive: true });
});

/** Gives what it had said when it was killed. */
async function killedAtRandom(args: readonly string[], chance: () => number): Promise<string[]> {
  const hooks = new URL('../transcript/typescript-hooks.mjs', import.meta.url).href;
  const script = new URL('./busy-pipeline.ts', import.meta.url);
  const child = spawnChild(process.execPath, ['--import', hooks, script.pathname, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child.stdout!, 'data');
  // Real time, for it is the moment that matters.
  await sleep(chance() * LIVES_MS);
  child.kill('SIGKILL');
  const [, signal] = await closed;
  expect(signal, said.slice(-1_000)).toBe('SIGKILL');
  // What comes after the last newline was not said to its end.
  return said.split('\n').slice(0, -1);
}

const server = findRedisServer();
const startRedis = () => (server === undefined ? startJsRedis() : startRedisServer(server));

test.for([
  ['the spool', undefined],
  ['Redis', startRedis],
] as const)(
  `with %s, each line that was journaled is in one record, and each record has its effects (seed ${SEED})`,
  {
    timeout: LIMIT_MS,
  },
  async ([, start]) => {
    const chance = seededRandom(SEED);
    redis = await start?.();
    const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const said: string[] = [];
    for (let kills = 0; kills < KILLS; kills += AT_A_TIME) {
      const lives = Array.from({ length: AT_A_TIME }, () => {
        const args = [folder, String(Math.floor(chance() * 2 ** 31)), webhookUrl, ...(redis ? [redis.url] : [])];
        return killedAtRandom(args, chance);
      });
      said.push(...(await Promise.all(lives)).flat());
    }

    const { owners, outbox, queue, worker } = await openPipeline(folder, { redisUrl: redis?.url, webhookUrl });
    await outbox.recover();
    await worker.start();
    expect(await outbox.idle(15_000)).toBe(true);
    const settled = { waiting: 0, active: 0, delayed: 0, dead: 0 };
    await expect.poll(() => queue.counts(), { interval: 20, timeout: 30_000 }).toMatchObject(settled);
    const { done } = await queue.counts();
    await worker.close(5_000);
    await queue.close();
    outbox.close();
    owners.close();

    const files = (await readdir(join(folder, 'records'), { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    const records = new Map(
      await Promise.all(
        files.map(async ({ name, parentPath }) => {
          const record = callRecordSchema.parse(JSON.parse(await readFile(join(parentPath, name), 'utf8')));
          expect(name).toBe(`${record.callId}.json`);
          return [record.callId, record] as const;
        }),
      ),
    );
    expect(records.size).toBe(files.length);
    expect(done).toBe(records.size);

    const journaled = new Map<string, string[]>();
    for (const [callId, what, text] of said.map((line) => line.split('\t'))) {
      if (callId === undefined || what === undefined) continue;
      const lines = journaled.get(callId) ?? [];
      journaled.set(callId, lines);
      if (what === 'line') lines.push(text ?? '');
      else expect(records.get(callId)?.outcome).toEqual({ kind: 'completed' });
    }
    expect(journaled.size).toBeGreaterThan(0);
    for (const [callId, lines] of journaled) {
      const found = records.get(callId)?.lines.map(({ text }) => text) ?? [];
      expect(found.toSorted(), callId).toEqual(expect.arrayContaining(lines));
      // One more may have been journaled, and not said to be.
      expect(found.length - lines.length, callId).toBeLessThanOrEqual(1);
      expect(new Set(found).size, callId).toBeGreaterThanOrEqual(new Set(lines).size);
    }
    for (const [callId, record] of records) {
      const delivered = bodies.get(`call_ended_${callId}`) ?? [];
      expect(delivered.length, callId).toBeGreaterThanOrEqual(1);
      expect(new Set(delivered).size, callId).toBe(1);
      expect(JSON.parse(delivered[0]!).data, callId).toEqual(record);
    }
    expect(bodies.size).toBe(records.size);
    const journals = await readdir(join(folder, 'journals'), { recursive: true });
    expect(journals.filter((name) => name.endsWith('.jsonl'))).toEqual([]);
  },
);
