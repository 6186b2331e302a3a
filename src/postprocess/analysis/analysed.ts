/** The record with what was found out about its call, and what that cost. */
import { ANALYSES, type Analysis, analysisSchema, type CallRecord } from '../../transcript/index.ts';
import type { AfterwardsFor } from '../afterwards.ts';
import { type PriceList, tokensCost, withStepCosts } from '../cost.ts';

export type Analysed = (record: CallRecord, results: Readonly<Record<string, unknown>>) => CallRecord | undefined;

/** `undefined`: the agent wants nothing found out. What a result of another version says is left out. */
export function analysedBy(afterwardsFor: AfterwardsFor, prices: PriceList): Analysed {
  return (record, results) => {
    if (afterwardsFor(record.agent)?.analysis === undefined) return undefined;
    const analysis = analysisOf(results);
    const costs: Record<string, number | undefined> = {};
    for (const name of ANALYSES) {
      const found = analysis[name];
      if (found !== undefined && found.skipped === undefined)
        costs[name] = tokensCost(found.usage, found.model, found.at, prices);
    }
    const cost = withStepCosts(record.cost, costs, prices.currency);
    return { ...record, analysis, ...(cost !== undefined && { cost }) };
  };
}

function analysisOf(results: Readonly<Record<string, unknown>>): Analysis {
  const found = ANALYSES.map((name) => analysisSchema.safeParse({ [name]: results[name] }).data ?? {});
  return Object.assign({}, ...found) as Analysis;
}
