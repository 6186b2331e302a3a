/** What tokens cost: the usage that the service counted, times the prices that held on that day. */
import type { CallRecord, Cost, Usage } from '../transcript/index.ts';

/** For a million tokens. The configuration satisfies this shape. */
export interface Prices {
  /** The first day, YYYY-MM-DD in UTC; undefined: since ever. */
  readonly from?: string | undefined;
  readonly input: Readonly<Partial<Record<string, number>>> & { readonly cached?: number | undefined };
  readonly output: Readonly<Partial<Record<string, number>>> & { readonly thoughts?: number | undefined };
}

export interface PriceList {
  /** ISO 4217. */
  readonly currency: string;
  /** Oldest first; undefined: nobody knows what the model costs. */
  readonly pricesOf: (model: string) => readonly Prices[] | undefined;
}

const PER = 1_000_000;
/** A token of the cheapest kind costs some 1e-7: what a sum of fractions adds to that is not money. */
const PLACES = 1e9;

/** undefined: a kind of token that was used has no price. `at`: an ISO moment. */
export function tokensCost(usage: Usage, model: string, at: string, { pricesOf }: PriceList): number | undefined {
  const day = at.slice(0, 10);
  const prices = pricesOf(model)?.findLast(({ from = '' }) => from <= day);
  if (prices === undefined) return undefined;
  const { input, output } = prices;
  const { promptTokens, cachedTokens, toolUseTokens, responseTokens, thoughtsTokens } = usage;
  const parts = [
    byModality(usage.promptByModality, promptTokens, input),
    byModality(usage.responseByModality, responseTokens, output),
    times(toolUseTokens, input['text']),
    times(thoughtsTokens, output.thoughts ?? output['text']),
    // They are part of the prompt, where they were counted at its full price: of text, for nothing else is cached here.
    input.cached === undefined ? 0 : times(cachedTokens, input.cached - (input['text'] ?? 0)),
  ];
  return sum(parts);
}

/**
 * What the call itself cost, in its record. A call that was answered and of which no token was counted has no known cost. What a
 * record that comes back from its file says of it, and of its analysis, is made anew.
 */
export function withCallCost({ cost: _, analysis: __, ...record }: CallRecord, prices: PriceList): CallRecord {
  const { usage, model, endedAt, durationMs } = record;
  const counted = usage.totalTokens > 0 || durationMs === 0;
  const call = counted ? tokensCost(usage, model, endedAt, prices) : undefined;
  return call === undefined ? record : { ...record, cost: { currency: prices.currency, call, steps: {}, total: call } };
}

/** Adds what steps cost; `undefined` of one whose price is not known. */
export function withStepCosts(
  cost: Cost | undefined,
  steps: Readonly<Record<string, number | undefined>>,
  currency: string,
): Cost | undefined {
  const known = Object.fromEntries(
    Object.entries(steps).flatMap(([name, each]) => (each === undefined ? [] : [[name, each]])),
  );
  if (cost === undefined && Object.keys(known).length === 0) return undefined;
  const total = sum([cost?.total, ...Object.values(steps)]);
  return {
    currency,
    ...(cost?.call !== undefined && { call: cost.call }),
    steps: { ...cost?.steps, ...known },
    ...(total !== undefined && { total }),
  };
}

/**
 * The service's account by modality need not add up to its total: what it leaves out counts as text, the cheapest.
 */
function byModality(
  tokens: Readonly<Record<string, number>>,
  total: number,
  prices: Readonly<Partial<Record<string, number>>>,
): number | undefined {
  const known = Object.entries(tokens);
  const rest = total - known.reduce((all, [, count]) => all + count, 0);
  return sum([
    ...known.map(([modality, count]) => times(count, priceOf(prices, modality))),
    times(Math.max(0, rest), prices['text']),
  ]);
}

/** The modalities are the service's words, which may be an object's own, too. */
function priceOf(prices: Readonly<Partial<Record<string, number>>>, modality: string): number | undefined {
  return Object.hasOwn(prices, modality) ? prices[modality] : undefined;
}

function times(tokens: number, price: number | undefined): number | undefined {
  if (tokens === 0) return 0;
  return price === undefined ? undefined : (tokens * price) / PER;
}

function sum(parts: readonly (number | undefined)[]): number | undefined {
  let total = 0;
  for (const part of parts) {
    if (part === undefined) return undefined;
    total += part;
  }
  return Math.round(total * PLACES) / PLACES;
}
