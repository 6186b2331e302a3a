import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCatalogue } from '../../../src/config/index.ts';
import { type PriceList, type Prices, withCallCost } from '../../../src/postprocess/index.ts';
import type { CallRecord, Usage } from '../../../src/transcript/index.ts';
import { record } from '../transcript/given.ts';

const catalogue = loadCatalogue({ env: {}, cwd: join(import.meta.dirname, '../../..') });
const listed: PriceList = {
  currency: catalogue.currency,
  pricesOf: (model) => catalogue.models.find(({ name }) => name === model)?.prices,
};
const list = (...prices: Prices[]): PriceList => ({ currency: 'EUR', pricesOf: () => prices });

const used = (usage: Partial<Usage>, more: Partial<CallRecord> = {}): CallRecord => ({
  ...record(),
  ...more,
  usage: { ...record().usage, totalTokens: 1, ...usage },
});
const cost = (call: CallRecord, prices: PriceList) => withCallCost(call, prices).cost;

describe('the cost of a call', () => {
  test('is that of its tokens by modality and direction, at the prices of models.yaml', () => {
    const call = used({
      promptTokens: 1_200_000,
      promptByModality: { text: 200_000, audio: 1_000_000 },
      responseTokens: 110_000,
      responseByModality: { audio: 100_000, text: 10_000 },
      thoughtsTokens: 5_000,
      toolUseTokens: 2_000,
    });
    // 0.2 × 0.75 + 1 × 3, 0.1 × 12 + 0.01 × 4.5, 0.005 × 12, 0.002 × 0.75.
    expect(cost(call, listed)).toEqual({ currency: 'USD', call: 4.4565, steps: {}, total: 4.4565 });
  });

  test('counts as text what the account by modality leaves out, and takes an account that has more as it stands', () => {
    const prices = list({ input: { text: 1, audio: 10 }, output: { text: 2 } });
    const short = used({ promptTokens: 1_000_000, promptByModality: { audio: 400_000 }, responseTokens: 500_000 });
    expect(cost(short, prices)?.call).toBe(0.4 * 10 + 0.6 + 0.5 * 2);
    const long = used({ promptTokens: 1, promptByModality: { audio: 400_000 } });
    expect(cost(long, prices)?.call).toBe(4);
  });

  test.for([
    ['of a model without prices', used({ promptTokens: 5 }, { model: 'unheard-of' }), listed],
    ['of a modality without a price', used({ responseTokens: 5, responseByModality: { video: 5 } }), listed],
    ['of a modality by the name of what every object has', used({ promptByModality: { constructor: 5 } }), listed],
    ['of a day before the first price', used({ promptTokens: 5 }), list({ from: '2026-01-02', input: {}, output: {} })],
    ['of an answered call of which nothing was counted', used({ totalTokens: 0 }), listed],
  ] as const)('is unknown, and not 0, %s', ([, call, prices]) => {
    expect(withCallCost(call, prices)).not.toHaveProperty('cost');
  });

  test('is nothing where nobody answered', () => {
    expect(cost(used({ totalTokens: 0 }, { durationMs: 0 }), listed)?.total).toBe(0);
  });

  test('is by the prices of the day on which it ended', () => {
    const prices = list(
      { input: { text: 1 }, output: {} },
      { from: '2027-01-01', input: { text: 2 }, output: {} },
      { from: '2027-02-01', input: { text: 3 }, output: {} },
    );
    const on = (endedAt: string) => cost(used({ promptTokens: 1_000_000 }, { endedAt }), prices)?.call;
    expect(on('2026-12-31T23:59:59.999Z')).toBe(1);
    expect(on('2027-01-01T00:00:00.000Z')).toBe(2);
    expect(on('2027-03-01T00:00:00.000Z')).toBe(3);
  });

  test('of cached tokens is what they cost cached', () => {
    const tokens = { promptTokens: 1_000_000, promptByModality: { text: 1_000_000 }, cachedTokens: 500_000 };
    expect(cost(used(tokens), list({ input: { text: 2, cached: 1 }, output: {} }))?.call).toBe(1.5);
    expect(cost(used(tokens), list({ input: { text: 2 }, output: {} }))?.call).toBe(2);
  });

  test('is never less for more tokens, nor below nothing', () => {
    const count = fc.nat({ max: 1e9 });
    fc.assert(
      fc.property(count, count, count, count, (audio, text, spoken, thoughts) => {
        const of = (more: number) =>
          cost(
            used({
              promptTokens: audio + text + more,
              promptByModality: { audio, text },
              responseTokens: spoken + more,
              responseByModality: { audio: spoken + more },
              thoughtsTokens: thoughts,
            }),
            listed,
          )?.call ?? -1;
        expect(of(0)).toBeGreaterThanOrEqual(0);
        expect(of(1_000)).toBeGreaterThan(of(0));
      }),
    );
  });
});
