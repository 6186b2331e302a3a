/** The dashboard of the queue, as `serve` joins the parts: at a real Redis wherever there is one, with jobs of calls. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type LoadDashboard, openQueueDashboard } from '../../src/cli/queue-dashboard.ts';
import { startService } from '../../src/cli/service.ts';
import { loadConfig } from '../../src/config/index.ts';
import { Failure, systemClock, systemIds } from '../../src/lib/index.ts';
import { createBullQueue, createBullWorker, RETRY } from '../../src/postprocess/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import { type CallRecord, callRecordSchema } from '../../src/transcript/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { findRedisServer, startJsRedis, startRedisServer, type TestRedis } from '../support/redis.ts';
import { AGENT, DEVELOPER, givenFiles } from '../unit/config/given.ts';
import { startService as startHttp } from '../unit/http/service.ts';
import { record } from '../unit/transcript/given.ts';

const KEY = 'the-key-of-the-dashboard';
const API = '/queues/api/queues/callbridge-calls';

let redis: TestRedis;
beforeAll(async () => {
  const binary = findRedisServer();
  redis = binary === undefined ? await startJsRedis() : await startRedisServer(binary);
});
afterAll(() => redis.stop());

/** All that a dashboard must not show stands as `hush-…`, or is one of these numbers. */
const PRIVATE = /hush|15550001|15550002/;

const withPrivateParts = (callId: string): CallRecord => {
  const said = record(callId);
  const lines = said.lines.map((line) => ({ ...line, text: 'hush-text', heardText: 'hush-heard' }));
  return callRecordSchema.parse({
    ...said,
    lines,
    sipHeaders: { 'X-Name': 'hush-header' },
    outbound: { variables: { name: 'hush-variable' } },
    digits: '4711',
    toolCalls: [
      {
        id: 'hush-id',
        name: 'hush-tool',
        args: { a: 'hush-a' },
        calledAtMs: 1,
        answer: { b: 'hush-b' },
        answeredAtMs: 2,
      },
    ],
  });
};

async function givenService(env: Readonly<Record<string, string>> = {}) {
  const data = mkdtempSync(join(tmpdir(), 'callbridge-queues-'));
  const cwd = givenFiles({ 'config/agents/reception.yaml': AGENT });
  const log: string[] = [];
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void log.push(line) } });
  const settings = {
    ...DEVELOPER,
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: data,
    REDIS_URL: redis.url,
    CALLBRIDGE_API_KEY: KEY,
    ...env,
  };
  const tools = { clock: systemClock, ids: systemIds, logger, metrics: createMetrics() };
  const service = await startService(loadConfig({ env: settings, cwd }), tools);
  onTestFinished(async () => {
    await service.stop(0);
    await rm(data, { recursive: true });
  });
  const ask = (path: string, { method = 'GET', authorization = `Bearer ${KEY}`, headers = {} } = {}) =>
    fetch(`http://127.0.0.1:${service.port}${path}`, {
      method,
      headers: { ...(authorization !== '' && { authorization }), ...headers },
    });
  return { ask, log: () => log.join('') };
}

/** A job whose only attempt gave something, and then failed for good. */
async function givenDeadJob(callId: string): Promise<void> {
  const tools = {
    retry: RETRY,
    clock: systemClock,
    ids: systemIds,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  };
  const queue = createBullQueue({ redisUrl: redis.url, ...tools });
  const worker = createBullWorker({
    redisUrl: redis.url,
    concurrency: 1,
    ...tools,
    process: async ({ stepDone }) => {
      await stepDone('summary', { result: 'hush-summary' });
      throw new Failure('WEBHOOK_REFUSED', 'the receiver answered 410: it wants no more');
    },
  });
  onTestFinished(async () => {
    await worker.close(1_000);
    await queue.close();
  });
  const before = (await queue.counts()).dead;
  await queue.add(withPrivateParts(callId));
  await worker.start();
  await expect.poll(() => queue.counts(), { interval: 5, timeout: 15_000 }).toMatchObject({ dead: before + 1 });
  await worker.close(1_000);
}

const jobOf = async (response: Response): Promise<unknown> => ((await response.json()) as { job: unknown }).job;

describe('the dashboard', () => {
  test('is a page with its styles and scripts, all of them its own', async () => {
    const { ask } = await givenService();
    const page = await ask('/queues');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
    const html = await page.text();
    expect(html).toContain('<base href="/queues/" />');
    const parts = [...html.matchAll(/(?:src|href)="(static\/[^"]+\.(?:js|css))"/g)].map(([, path]) => path);
    expect(parts.length).toBeGreaterThan(2);
    for (const path of parts) expect((await ask(`/queues/${path}`)).status).toBe(200);
  });

  test('shows how a job stands, and nothing of who called or what was said', async () => {
    const { ask, log } = await givenService();
    await givenDeadJob('CAprivate');
    const answer = await ask(`${API}/CAprivate`);
    expect(await jobOf(answer.clone())).toMatchObject({
      name: 'CAprivate',
      attempts: 1,
      failedReason: 'WEBHOOK_REFUSED: the receiver answered 410: it wants no more',
      progress: { doneSteps: ['summary'] },
      data: {
        agent: 'reception',
        model: 'gemini-3.8-live',
        direction: 'inbound',
        startedAt: '2026-01-01T00:00:00.000Z',
        answeredAt: '2026-01-01T00:00:00.500Z',
        endedAt: '2026-01-01T00:00:04.500Z',
        durationMs: 4_000,
        outcome: 'completed',
        lines: 2,
        toolCalls: 1,
      },
    });
    const list = await ask('/queues/api/queues?activeQueue=callbridge-calls&status=failed&page=1&jobsPerPage=10');
    expect(await list.clone().json()).toMatchObject({
      queues: [{ name: 'callbridge-calls', readOnlyMode: true, counts: { failed: 1 }, jobs: [{ id: 'CAprivate' }] }],
    });
    const others = ['flow', 'logs'].map((what) => ask(`${API}/CAprivate/${what}`));
    for (const response of [answer, list, ...(await Promise.all(others)), await ask('/queues/api/redis/stats')]) {
      expect(response.status).toBe(200);
      expect(await response.text()).not.toMatch(PRIVATE);
    }
    expect(log()).not.toMatch(PRIVATE);
  });

  test('shows nothing of a job that it cannot read', async () => {
    const { ask } = await givenService();
    const connection = { url: redis.url };
    const queue = new Queue('callbridge-calls', { connection });
    await queue.add('hush-name', { version: 1, record: { from: 'hush-from' } }, { jobId: 'odd' });
    onTestFinished(async () => {
      await queue.remove('odd');
      await queue.close();
    });
    const answer = await ask(`${API}/odd`);
    expect(await jobOf(answer.clone())).toMatchObject({ id: 'odd', name: 'odd', data: {} });
    expect(await answer.text()).not.toMatch(PRIVATE);
  });

  test.each([
    ['none', ''],
    ['another one', 'Bearer another-key-of-that-length'],
    ['another password', `Basic ${btoa('me:another-key-of-that-length')}`],
    ['the key as a name', `Basic ${btoa(`${KEY}:`)}`],
    ['the key without a name', `Basic ${btoa(KEY)}`],
    ['no base64', 'Basic %%%'],
  ])('is nobody’s who brings %s for a key', async (_what, authorization) => {
    const { ask, log } = await givenService();
    for (const path of ['/queues', '/queues/', '/queues/static/favicon-32x32.png', `${API}/CA1`, '/queues/nothing']) {
      const answer = await ask(path, { authorization });
      expect([answer.status, await answer.json()]).toEqual([401, { error: 'API_UNAUTHORIZED' }]);
      // What makes a browser ask for the password.
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="callbridge"');
    }
    expect(log()).not.toContain(KEY);
  });

  test('takes the key as a password from a browser, whatever the name', async () => {
    const { ask } = await givenService();
    for (const name of ['', 'me']) {
      expect((await ask('/queues', { authorization: `Basic ${btoa(`${name}:${KEY}`)}` })).status).toBe(200);
    }
  });

  test('only shows', async () => {
    const { ask } = await givenService();
    await givenDeadJob('CAshown');
    for (const [method, path] of [
      ['PUT', `${API}/CAshown/retry`],
      ['PUT', `${API}/CAshown/clean`],
      ['PUT', `${API}/retry/failed`],
      ['PUT', `${API}/obliterate`],
      ['PUT', '/queues/api/queues/pause'],
      ['PATCH', `${API}/CAshown/update-data`],
      ['POST', `${API}/add`],
    ] as const) {
      expect([path, (await ask(path, { method })).status]).toEqual([path, 403]);
    }
    expect(await (await ask(`${API}/CAshown`)).json()).toMatchObject({ status: 'failed' });
  });

  test('with QUEUES_WRITABLE has jobs run again, and still loses and changes none', async () => {
    const { ask, log } = await givenService({ QUEUES_WRITABLE: '1' });
    await givenDeadJob('CAagain');
    for (const [method, path] of [
      ['PUT', `${API}/CAagain/clean`],
      ['PUT', `${API}/clean/failed`],
      ['PUT', `${API}/empty`],
      ['PUT', `${API}/obliterate`],
      ['PATCH', `${API}/CAagain/update-data`],
      ['POST', `${API}/add`],
    ] as const) {
      expect([path, (await ask(path, { method })).status]).toEqual([path, 403]);
    }
    expect((await ask(`${API}/CAagain/retry`, { method: 'PUT' })).status).toBe(204);
    expect(await (await ask(`${API}/CAagain`)).json()).toMatchObject({ status: 'waiting' });
    expect(log()).toContain('"route":"/api/queues/:queueName/:jobId/retry"');
  });

  test('answers what it does not know as such, and logs no defect', async () => {
    const { ask, log } = await givenService();
    expect((await ask(`${API}/CAunknown`)).status).toBe(404);
    expect((await ask('/queues/nothing')).status).toBe(404);
    expect((await ask('/queues/static/%ff')).status).toBe(400);
    expect((await ask('/queues/static/..%2f..%2f..%2fpackage.json')).status).toBeGreaterThanOrEqual(400);
    const body = { method: 'PUT', headers: { 'content-type': 'application/json', 'content-length': '0' } };
    expect((await ask(`${API}/pause`, body)).status).toBe(403);
    expect(log()).not.toContain('INTERNAL');
  });
});

describe('there is none', () => {
  test.each([
    ['without the key', { CALLBRIDGE_API_KEY: '' }],
    ['without Redis', { REDIS_URL: '' }],
  ])('%s', async (_what, env) => {
    const { ask } = await givenService(env);
    for (const path of ['/queues', `${API}/CA1`]) expect((await ask(path)).status).toBe(404);
  });

  test('without the packages, which the log says', async () => {
    const log: string[] = [];
    const logger = createLogger({ level: 'info', destination: { write: (line) => void log.push(line) } });
    const missing = '@bull-board/not-installed';
    const load: LoadDashboard = () => import(missing);
    const config = { api: { key: KEY, destinations: [], queuesWritable: false }, queue: { redisUrl: redis.url } };
    expect(await openQueueDashboard(config, { clock: systemClock, logger }, load)).toBeUndefined();
    const msg = 'no dashboard at /queues: npm install @bull-board/api @bull-board/koa';
    expect(JSON.parse(log.join(''))).toMatchObject({ msg });
  });
});

test('while Redis is away it says so in time', async () => {
  const clock = new ManualClock();
  const logger = createLogger({ level: 'silent' });
  const config = {
    api: { key: KEY, destinations: [], queuesWritable: false },
    queue: { redisUrl: 'redis://127.0.0.1:1' },
  };
  const dashboard = await openQueueDashboard(config, { clock, logger });
  onTestFinished(() => dashboard?.close());
  const { port } = await startHttp({ apiKey: KEY, queues: dashboard!.page });
  const asked = fetch(`http://127.0.0.1:${port}${API}/CA1`, { headers: { authorization: `Bearer ${KEY}` } });
  await vi.waitFor(() => expect(clock.armed).toBe(1), 10_000);
  clock.tick(5_000);
  const answer = await asked;
  expect([answer.status, await answer.json()]).toEqual([503, { error: 'QUEUE_UNAVAILABLE' }]);
});
