/** kill -9 between two steps that are paid: what the first gave is kept, and not asked for again. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import { createBullQueue, createSpoolQueue, RETRY, Spool } from '../../../src/postprocess/index.ts';
import { startLiveSimulator } from '../../../src/simulator/index.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { callRecordSchema, openOwners } from '../../../src/transcript/index.ts';
import { findRedisServer, startJsRedis, startRedisServer } from '../../support/redis.ts';
import { record } from '../transcript/given.ts';
import { killedAfter } from '../transcript/killed.ts';
import { openAnalyser } from './analysing.ts';

/** A process is started, on a machine that may be busy. */
const LIMIT_MS = 60_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-analysis-killed-'));
});
afterEach(() => rm(folder, { recursive: true }));

test.for(['the spool', 'Redis'])('a summary is paid once, with %s', { timeout: LIMIT_MS }, async (where) => {
  const server = findRedisServer();
  const redis = where !== 'Redis' ? undefined : await (server ? startRedisServer(server) : startJsRedis());
  onTestFinished(() => redis?.stop());
  // The second question of the process that is killed is never answered.
  const first = await startLiveSimulator({ clock: systemClock, textFaults: ['none', 'hangs'] });
  const model = await startLiveSimulator({ clock: systemClock });
  onTestFinished(async () => {
    await first.close();
    await model.close();
  });
  await add(redis?.url);
  const script = new URL('./analysing.ts', import.meta.url);
  const said = await killedAfter(script, [folder, first.url, redis?.url ?? ''], (text) => text.includes('summary'));
  expect(said).not.toContain('extract');

  const done: string[] = [];
  const { worker, close } = await openAnalyser(folder, model.url, redis?.url, (step) => done.push(step));
  onTestFinished(close);
  await worker.start();
  await expect.poll(() => done, { interval: 10, timeout: 30_000 }).toContain('deliver-analysed');
  expect(done).not.toContain('summary');
  const asked = [...first.textRequests, ...model.textRequests].map(({ body }) => JSON.stringify(body));
  expect(asked.filter((body) => body.includes('Sum the call up'))).toHaveLength(1);
  const written = await readFile(join(folder, 'records/2026-01-01/CA1.json'), 'utf8');
  const { analysis, cost } = callRecordSchema.parse(JSON.parse(written));
  expect(analysis?.summary?.result).toBe('The caller said: What time is it?');
  expect(cost?.steps['summary']).toBeGreaterThan(0);
});

async function add(redisUrl: string | undefined): Promise<void> {
  if (redisUrl !== undefined) {
    const logger = createLogger({ level: 'silent' });
    const queue = createBullQueue({ redisUrl, retry: RETRY, clock: systemClock, logger });
    await queue.add(record());
    await queue.close();
    return;
  }
  const owners = openOwners({ folder: join(folder, 'owners'), clock: systemClock, ids: systemIds });
  await createSpoolQueue(await Spool.open({ folder: join(folder, 'queue'), owners, clock: systemClock })).add(record());
  owners.close();
}
