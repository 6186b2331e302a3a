/** What an answer rests on: which of it is kept. */
import { beforeEach, expect, test } from 'vitest';
import { type Collector, createCollector, type Entry } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { callFacts } from './given.ts';

const found = (query: string) => ({ queries: [query], sources: [{ title: 'Example', uri: 'https://example.com/' }] });
const kept = () => entries.flatMap((entry) => (entry.type === 'grounded' ? [entry.grounding] : []));
const collectorFor = (earlier: readonly Entry[] = []): Collector =>
  createCollector({ call: callFacts(), clock: new ManualClock(), append: (entry) => entries.push(entry), earlier });

let entries: Entry[];
beforeEach(() => {
  entries = [];
});

test('is kept once, however often the service repeats it, and not when there is nothing in it', () => {
  const collector = collectorFor();
  collector.grounded({ queries: [], sources: [] });
  collector.grounded(found('hours'));
  collector.grounded(found('hours'));
  collector.grounded({ queries: [], sources: [] });
  collector.grounded(found('weather'));
  collector.grounded(found('hours'));
  expect(kept().map(({ queries }) => queries[0])).toEqual(['hours', 'weather', 'hours']);
});

test('has a bound for each call, over all processes that hold it', () => {
  const collector = collectorFor();
  for (let index = 0; index < 150; index++) collector.grounded(found(String(index)));
  const after = collectorFor([...entries]);
  for (let index = 149; index < 400; index++) after.grounded(found(String(index)));
  expect(kept()).toHaveLength(200);
});
