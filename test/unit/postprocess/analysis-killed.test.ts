/** kill -9 between two answers that are paid: what the first gave is kept, and not asked for again; what it used is counted. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { systemClock, systemIds } from '../../../src/lib/index.ts';
import { createBullQueue, createSpoolQueue, RETRY, Spool } from '../../../src/postprocess/index.ts';
import { startLiveSimulator, type TextFault } from '../../../src/simulator/index.ts';
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

const QUEUES = ['the spool', 'Redis'] as const;

/** A process whose model does so is killed once it has said `enough`, and another one ends the job. */
async function killedAndEnded(where: (typeof QUEUES)[number], textFaults: readonly TextFault[], enough: string) {
  const server = findRedisServer();
  const redis = where !== 'Redis' ? undefined : await (server ? startRedisServer(server) : startJsRedis());
  onTestFinished(() => redis?.stop());
  const first = await startLiveSimulator({ clock: systemClock, textFaults });
  const model = await startLiveSimulator({ clock: systemClock });
  onTestFinished(async () => {
    await first.close();
    await model.close();
  });
  await add(redis?.url);
  const script = new URL('./analysing.ts', import.meta.url);
  const said = await killedAfter(script, [folder, first.url, redis?.url ?? ''], (text) => text.includes(enough));

  const done: string[] = [];
  const { worker, close } = await openAnalyser(folder, model.url, redis?.url, (step) => done.push(step));
  onTestFinished(close);
  await worker.start();
  await expect.poll(() => done, { interval: 10, timeout: 30_000 }).toContain('deliver-analysed');
  const asked = [...first.textRequests, ...model.textRequests].map(({ body }) => JSON.stringify(body));
  const summaries = asked.filter((body) => body.includes('Sum the call up')).length;
  const written = await readFile(join(folder, 'records/2026-01-01/CA1.json'), 'utf8');
  const { analysis, cost } = callRecordSchema.parse(JSON.parse(written));
  expect(analysis?.summary?.result).toBe('The caller said: What time is it?');
  expect(cost?.steps['summary']).toBeGreaterThan(0);
  return { said, done, summaries, analysis: analysis! };
}

test.for(QUEUES)('a summary is paid once, with %s', { timeout: LIMIT_MS }, async (where) => {
  // The second question of the process that is killed is never answered.
  const { said, done, summaries } = await killedAndEnded(where, ['none', 'hangs'], 'summary');
  expect(said).not.toContain('extract');
  expect(done).not.toContain('summary');
  expect(summaries).toBe(1);
});

test.for(QUEUES)('an answer of no use is counted by who asks again, with %s', { timeout: LIMIT_MS }, async (where) => {
  const { summaries, analysis } = await killedAndEnded(where, ['malformed', 'hangs'], 'summary paid');
  expect(summaries).toBeGreaterThanOrEqual(2);
  // They read the same.
  expect(analysis.summary?.usage.promptTokens).toBe(2 * analysis.extract!.usage.promptTokens);
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
