/** What a text model found in a call to be blacked out, as the job keeps it, and what finding it cost. */
import * as z from 'zod';
import { Failure } from '../../lib/index.ts';
import { type CallRecord, usageSchema } from '../../transcript/index.ts';
import { type PriceList, tokensCost, withStepCosts } from '../cost.ts';
import type { Redaction } from './redact-record.ts';

/** The step that looks for it. */
export const PERSONAL_DATA = 'personalData';

const foundSchema = z.object({
  model: z.string(),
  at: z.iso.datetime(),
  result: z.object({ names: z.array(z.string()).optional(), postalAddresses: z.array(z.string()).optional() }),
  skipped: z.string().optional(),
  usage: usageSchema,
});

type Results = Readonly<Record<string, unknown>>;

/** Throws Failure STEP_FAILED where the agent wants something found and the job's step did not know: nothing leaves by half. */
export function withFound(redaction: Redaction, results: Results): Redaction {
  if (redaction.find === undefined) return redaction;
  const found = foundSchema.safeParse(results[PERSONAL_DATA]).data?.result;
  if (found === undefined || redaction.find.what.some((kind) => found[kind] === undefined)) {
    throw new Failure('STEP_FAILED', 'the agent wants more blacked out than was looked for: replay the job');
  }
  return { ...redaction, found };
}

/** The record with what it cost to look, where somebody looked. */
export function withFindingCost(record: CallRecord, results: Results, prices: PriceList): CallRecord {
  const { data: found } = foundSchema.safeParse(results[PERSONAL_DATA]);
  if (found === undefined || found.skipped !== undefined) return record;
  const finding = tokensCost(found.usage, found.model, found.at, prices);
  const cost = withStepCosts(record.cost, { [PERSONAL_DATA]: finding }, prices.currency);
  return cost === undefined ? record : { ...record, cost };
}
