import { expect, test } from 'vitest';
import { growth, limitOf, type Result, summarise } from '../../../bench/load/results.ts';
import type { Measures } from '../../../bench/load/trial.ts';

const spread = { p50: 1, p95: 2, p99: 3 };
const measures = (cpuMs: number, rest: Partial<Measures> = {}): Measures => ({
  cpuMs,
  coreShare: 0.5,
  waitShare: 0.1,
  mbPerCall: 0.1,
  upMs: spread,
  downMs: spread,
  upFilterMs: 2,
  downFilterMs: 2,
  clearMs: spread,
  webhookMs: 720,
  readyMs: 5,
  unreadyMs: 260,
  lostShare: 0,
  lateShare: 0,
  lostCalls: 0,
  phonesShare: 0.5,
  endpointShare: 0.5,
  ...rest,
});
const result = (system: Result['system'], round: number, calls: number, cpuMs: number): Result => ({
  tls: true,
  round,
  calls,
  system,
  measures: measures(cpuMs),
});

/** The machine is half as fast in the second round. */
const RESULTS = [
  result('service', 1, 50, 3),
  result('floor', 1, 50, 2),
  result('service', 1, 400, 3.3),
  result('floor', 1, 400, 2),
  result('service', 2, 50, 6),
  result('floor', 2, 50, 4),
  result('service', 2, 400, 6.6),
  result('floor', 2, 400, 4),
];

test('a system is compared with the floor of the same round and number of calls', () => {
  const service = summarise(RESULTS).find(({ system, calls }) => system === 'service' && calls === 400);
  expect(service?.toFloor).toBeCloseTo(1.65);
  expect(service?.toPeer).toBeUndefined();
  expect(service?.measures?.cpuMs).toBeCloseTo(4.95);
});

test('how cost grows is told within a round, from fifty calls on', () => {
  const grown = growth([...RESULTS, result('service', 1, 1, 30)], 'service', true);
  expect(grown).toMatchObject({ from: 50, to: 400 });
  expect(grown?.ratio).toBeCloseTo(1.1);
  expect(growth(RESULTS, 'service', false)).toBeUndefined();
});

test('a trial that could not be made has its reason in the table', () => {
  const failed: Result = { tls: true, round: 1, calls: 50, system: 'peer', measures: undefined, note: 'not installed' };
  expect(summarise([failed])).toMatchObject([{ system: 'peer', measures: undefined, note: 'not installed' }]);
});

test('a full core, late frames, lost calls and lost clicks are limits', () => {
  expect(limitOf(measures(3))).toBeUndefined();
  expect(limitOf(measures(3, { coreShare: 0.97 }))).toMatch(/full/);
  expect(limitOf(measures(3, { coreShare: 0.7, waitShare: 0.26 }))).toMatch(/70 % of a core, 26 % waiting/);
  expect(limitOf(measures(3, { endpointShare: 0.96 }))).toMatch(/the bench itself/);
  expect(limitOf(measures(3, { lateShare: 0.06 }))).toMatch(/late/);
  expect(limitOf(measures(3, { lostCalls: 2 }))).toMatch(/2 calls lost/);
  expect(limitOf(measures(3, { lostShare: 0.3 }))).toMatch(/30 %/);
});
