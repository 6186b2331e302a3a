/** From an agent's file to the record with its analysis, as `serve` joins the parts; against the simulated model. */
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { jobTable } from '../../src/cli/job-text.ts';
import { openPostprocessing } from '../../src/cli/postprocessing.ts';
import { type Env, loadConfig } from '../../src/config/index.ts';
import { systemClock, systemIds } from '../../src/lib/index.ts';
import { createSpoolBrowser, Spool } from '../../src/postprocess/index.ts';
import { startLiveSimulator } from '../../src/simulator/index.ts';
import { createLogger, createMetrics } from '../../src/telemetry/index.ts';
import { callRecordSchema, openOwners } from '../../src/transcript/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { AGENT, DEVELOPER, givenFiles } from '../unit/config/given.ts';
import { record } from '../unit/transcript/given.ts';

const AFTERWARDS = `
afterwards:
  formats: [json]
  redact: { what: [caller], find: [names, postalAddresses] }
  summary: true
  extract:
    schema: { type: object, required: [guests], properties: { guests: { type: integer, minimum: 2 } } }
  verdict:
    goals: [The table is booked.]
`;

test('what an agent wants found out about its calls is in their records, with its cost', async () => {
  const model = await startLiveSimulator({ clock: systemClock });
  const data = mkdtempSync(join(tmpdir(), 'callbridge-after-'));
  const cwd = givenFiles({ 'config/agents/reception.yaml': AGENT + AFTERWARDS });
  const env = { ...DEVELOPER, GOOGLE_GEMINI_BASE_URL: model.url, DATA_DIR: data };
  const tools = {
    clock: systemClock,
    ids: systemIds,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
  };
  const owners = openOwners({ folder: join(data, 'processes'), ...tools });
  const { queue, worker } = await openPostprocessing(loadConfig({ env, cwd }), owners, tools);
  onTestFinished(async () => {
    await worker?.close(1_000);
    owners.close();
    await model.close();
    await rm(data, { recursive: true });
  });
  const usage = { ...record().usage, promptTokens: 1_000, totalTokens: 1_000 };
  const [greeting, question] = record().lines;
  const said = 'My name is Ana Lima and I live at 5 Rose Lane. Ana Lima, yes.';
  const lines = [greeting!, { ...question!, text: said, heardText: said }];
  await queue.add({ ...record(), usage, lines });
  await worker?.start();
  await expect.poll(() => queue.counts(), { interval: 5, timeout: 15_000 }).toMatchObject({ done: 1 });

  const file = await readFile(join(data, 'records/2026-01-01/CA1.json'), 'utf8');
  const { analysis, cost, from } = callRecordSchema.parse(JSON.parse(file));
  expect(analysis).toMatchObject({
    summary: {
      model: 'gemini-3.8-flash',
      result: 'The caller said: My name is [name] and I live at [address]. [name], yes.',
    },
    extract: { result: { guests: 2 } },
    verdict: { result: { success: true } },
  });
  // 1000 tokens of text at $0.75 a million, and four questions.
  expect(cost).toMatchObject({ currency: 'USD', call: 0.00075 });
  expect(cost?.total).toBeCloseTo(0.00075 + Object.values(cost?.steps ?? {}).reduce((a, b) => a + b, 0), 9);
  expect(Object.keys(cost?.steps ?? {})).toEqual(['personalData', 'summary', 'extract', 'verdict']);
  expect(cost?.total).toBeGreaterThan(0.00075);
  expect(from).toBe(record().from);
  expect(await tools.metrics.text()).toMatch(/callbridge_tokens_total\{model="gemini-3.8-flash",direction="prompt"/);
});

test('a call of an agent that is left out waits until it is not, says for which variable, and loses nothing', async () => {
  const data = mkdtempSync(join(tmpdir(), 'callbridge-after-'));
  const clock = new ManualClock();
  const log: string[] = [];
  const logger = createLogger({ level: 'warn', destination: { write: (line) => void log.push(line) } });
  const tools = { clock, ids: systemIds, logger, metrics: createMetrics() };
  const owners = openOwners({ folder: join(data, 'processes'), ...tools });
  onTestFinished(async () => {
    owners.close();
    await rm(data, { recursive: true });
  });
  const cwd = givenFiles({
    'config/agents/reception.yaml': `needs: [CRM_KEY]\n${AGENT}`,
    'config/agents/sales.yaml': 'answers: ["+15551230100"]\ninstruction: Sell.\n',
  });
  const open = (env: Env) =>
    openPostprocessing(loadConfig({ env: { ...DEVELOPER, DATA_DIR: data, ...env }, cwd }), owners, tools);

  const without = await open({});
  await without.queue.add(record());
  await without.worker?.start();
  await expect.poll(() => log.length).toBe(1);
  expect(await without.queue.counts()).toMatchObject({ waiting: 1 });
  await without.worker?.close(0);
  expect(existsSync(join(data, 'records'))).toBe(false);
  expect(log.map((line) => JSON.parse(line) as object)).toMatchObject([
    {
      code: 'AGENT_LEFT_OUT',
      err: { message: expect.stringMatching(/^set CRM_KEY: .* \(config\/agents\/reception\.yaml:1 needs\)$/) },
    },
  ]);

  const spool = Spool.open({ folder: join(data, 'spool'), owners, clock });
  const browser = createSpoolBrowser({ folder: join(data, 'spool'), open: () => spool, clock });
  const [, listed] = jobTable(await browser.list('waiting', { skip: 0, limit: 1 }));
  expect(listed).toMatch(/^CA1 +waiting +0 +- +- +AGENT_LEFT_OUT: set CRM_KEY: /);

  const { queue, worker } = await open({ CRM_KEY: 'key' });
  await worker?.start();
  await expect.poll(() => queue.counts()).toMatchObject({ waiting: 0, done: 1 });
  await worker?.close(0);
  expect(readdirSync(join(data, 'records/2026-01-01'))).toContain('CA1.json');
});
