import { expect, test } from 'vitest';
import type { PlacedCall } from '../../../bench/soak/caller.ts';
import { isClean, reckon, untoldSounds } from '../../../bench/soak/reckoning.ts';
import type { CallRecord, Line } from '../../../src/transcript/index.ts';

const agent = (startMs: number, endMs: number, text = 'Good morning.'): Line => ({
  speaker: 'agent',
  kind: 'speech',
  text,
  heardText: text,
  cut: false,
  startMs,
  endMs,
});
const ANSWERED_MS = Date.UTC(2026, 0, 1);
const missing = { untranscribedTurns: 0, damagedLines: 0, lostEntries: 0 };
const record = (lines: Line[], lacks = missing) =>
  ({ lines, missing: lacks, answeredAt: null }) as unknown as CallRecord;
const call = (callId: string, sounds: PlacedCall['sounds'] = []): PlacedCall => ({
  callId,
  fromMs: 0,
  toMs: 20_000,
  answered: true,
  answeredAtMs: ANSWERED_MS,
  streamed: true,
  events: [],
  how: 'talked',
  why: 'callerHungUp',
  sounds,
});
const once = { of: () => ({ count: 1, different: 1 }) };
const CALM = { kills: [] };

test('two turns right behind each other tell of one sound', () => {
  const lines = [agent(6_500, 8_100), agent(8_100, 10_200)];
  expect(untoldSounds(call('a', [{ fromMs: 6_400, toMs: 10_300 }]), record(lines))).toEqual([]);
});

test('a sound is looked for where it was, also when the stream was slow to come', () => {
  const late = { ...record([agent(800, 2_800)]), answeredAt: new Date(ANSWERED_MS + 5_000).toISOString() };
  expect(untoldSounds(call('a', [{ fromMs: 5_800, toMs: 7_800 }]), late)).toEqual([]);
  expect(untoldSounds(call('a', [{ fromMs: 800, toMs: 2_800 }]), late)).toHaveLength(1);
});

test('a sound that no line tells of shows, unless it is a scrap or came without text', () => {
  const lines = [agent(800, 2_800)];
  const sounds = [
    { fromMs: 700, toMs: 2_900 },
    { fromMs: 9_000, toMs: 12_000 },
    { fromMs: 15_000, toMs: 15_300 },
  ];
  expect(untoldSounds(call('a', sounds), record(lines))).toEqual([sounds[1]]);
  expect(untoldSounds(call('a', sounds), record(lines, { ...missing, untranscribedTurns: 1 }))).toEqual([]);
});

test('a soak is clean when each answered call has one whole record, delivered in one form', () => {
  const records = new Map([['a', [record([agent(0, 1_000)])]]]);
  expect(isClean(reckon([call('a')], records, once, CALM))).toBe(true);
});

test.each([
  ['no record', new Map<string, CallRecord[]>(), once],
  ['two records', new Map([['a', [record([]), record([])]]]), once],
  ['a record that lacks entries', new Map([['a', [record([], { ...missing, lostEntries: 1 })]]]), once],
  ['a line twice', new Map([['a', [record([agent(0, 9), agent(0, 9)])]]]), once],
  ['no delivery', new Map([['a', [record([])]]]), { of: () => ({ count: 0, different: 0 }) }],
  ['two deliveries that differ', new Map([['a', [record([])]]]), { of: () => ({ count: 2, different: 2 }) }],
])('a call with %s is not clean', (_what, records, deliveries) => {
  expect(isClean(reckon([call('a')], records, deliveries, CALM))).toBe(false);
});

test('nothing that was answered is no success', () => {
  expect(isClean(reckon([], new Map(), once, CALM))).toBe(false);
});
