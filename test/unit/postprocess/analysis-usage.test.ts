/** What the answers of all attempts at a job used, and cost, is told once it is over. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/lib/index.ts';
import { startLiveSimulator, type TextFault } from '../../../src/simulator/index.ts';
import { callRecordSchema } from '../../../src/transcript/index.ts';
import { Job, joined, WISHES } from './analysis-given.ts';

const ALONE = { analysis: { ...WISHES, extract: undefined, verdict: undefined } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbridge-usage-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The summary of a job whose attempts, each made after so many failed ones, are a processor's of their own. */
async function summaryAfter(faults: readonly TextFault[], attempts: readonly number[] = [0]) {
  const model = await startLiveSimulator({ clock: systemClock, textFaults: faults });
  const job = new Job((attempt) => joined(folder, model.url, ALONE).process(attempt));
  for (const failedAttempts of attempts.slice(0, -1)) {
    await expect(job.attempt(failedAttempts)).rejects.toMatchObject({ code: 'ANALYSIS_UNAVAILABLE' });
  }
  await job.attempt(attempts.at(-1));
  await model.close();
  const written = await readFile(join(folder, 'records/2026-01-01/CA1.json'), 'utf8');
  const { analysis, cost } = callRecordSchema.parse(JSON.parse(written));
  return { ...analysis!.summary!, cost: cost!.steps['summary']! };
}

test('counts what attempts used that failed, each answer once', async () => {
  const once = await summaryAfter([]);
  const twice = await summaryAfter(['malformed']);
  const wasted = twice.cost - once.cost;
  expect(wasted).toBeGreaterThan(0);
  const again = await summaryAfter(['malformed', 'unavailable'], [0, 1]);
  expect(again).toMatchObject({ failure: null, result: once.result, usage: twice.usage, cost: twice.cost });
  const faults: TextFault[] = ['malformed', 'breaksSchema', 'cut', 'quota', 'maxTokens', 'unavailable'];
  const often = await summaryAfter(faults, [0, 1, 2, 3]);
  expect(often.usage.promptTokens).toBe(once.usage.promptTokens * 4);
});

test('counts it also where the analysis is given up', async () => {
  const once = await summaryAfter([]);
  for (const [last, code] of [
    ['unavailable', 'ANALYSIS_UNAVAILABLE'],
    ['invalid', 'ANALYSIS_INVALID'],
  ] as const) {
    const { failure, usage, cost } = await summaryAfter(['malformed', 'unavailable', last], [10, 11]);
    expect(failure?.code).toBe(code);
    expect(usage.promptTokens).toBe(once.usage.promptTokens);
    expect(cost).toBeGreaterThan(0);
  }
  const refused = await summaryAfter(['malformed', 'unavailable', 'safety'], [0, 1]);
  expect(refused).toMatchObject({ failure: { code: 'ANALYSIS_REFUSED' } });
  expect(refused.usage.promptTokens).toBe(once.usage.promptTokens * 2);
});
