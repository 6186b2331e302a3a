/** Of a call without words nobody is asked anything, and each result says why. */
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/lib/index.ts';
import { type AskModel, analysedBy, analysisStep } from '../../../src/postprocess/index.ts';
import { AT_FIRST } from '../../../src/postprocess/steps/step.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import { ANALYSES, analysisSchema, NO_USAGE } from '../../../src/transcript/index.ts';
import { record } from '../transcript/given.ts';
import { PRICES, WISHES } from './analysis-given.ts';

const afterwardsFor = () => ({ formats: ['json'] as const, analysis: WISHES });
const nobody: AskModel = () => Promise.reject(new Error('somebody was asked'));

test.each([
  ['in which nothing was said', { kind: 'callerGone' }, 'nothingSaid'],
  ['that nobody answered', { kind: 'unanswered', end: 'busy' }, 'unanswered'],
] as const)('a call %s', async (_what, outcome, skipped) => {
  const log: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void log.push(line) } });
  const options = { afterwardsFor, ask: nobody, clock: systemClock, logger, metrics: createMetrics() };
  const call = { ...record(), lines: [], outcome };
  const results: Record<string, unknown> = {};
  for (const name of ANALYSES) results[name] = await analysisStep(name, options).run(call, AT_FIRST);
  const none = { model: WISHES.model, result: null, failure: null, skipped, usage: NO_USAGE };
  const all = { summary: none, extract: none, verdict: none };
  expect(results).toMatchObject(all);
  expect(log.map((line) => JSON.parse(line))).toMatchObject(
    ANALYSES.map((step) => ({ callId: 'CA1', step, skipped, msg: 'analysis skipped: there are no words' })),
  );
  const analysed = analysedBy(afterwardsFor, PRICES)(call, results);
  expect(analysisSchema.parse(analysed?.analysis)).toMatchObject(all);
  // What was not asked has no price.
  expect(analysed?.cost).toBeUndefined();
});
