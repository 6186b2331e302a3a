/**
 * Every fixture call, replayed through the whole service: what was said, heard, marked and written must be as it says. Those that are
 * shipped have the agents that are shipped; those of a user's own have whatever is in the checkout, with secrets of the environment.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { toneLevelDbov } from '../../src/audio/index.ts';
import { type FixtureCall, listFixtures, loadFixture, matchesHeard } from '../../src/simulator/index.ts';
import { type Replay, replay } from '../support/replay.ts';
import { startReservations } from '../support/reservations.ts';
import { SHIPPED_CALLS } from '../support/shipped.ts';

const ROOT = join(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'fixtures/calls');
/** What is set where the tests run, but for the service's own settings. */
const settings = parseEnv(readFileSync(join(ROOT, '.env.example'), 'utf8'));
const secrets = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || name in settings ? [] : [[name, value]],
  ),
);
const names = listFixtures(FIXTURES);

const TABLE = { day: '2030-12-06', guests: 4, name: 'Rossi' };
/** What the restaurant has in its book of the caller, when the call is over. */
const BOOKED: Readonly<Record<string, readonly object[]>> = {
  'book-a-table': [{ ...TABLE, time: '19:00' }],
  'change-of-mind': [{ ...TABLE, time: '20:00' }],
  'tool-twice': [{ ...TABLE, time: '19:00' }],
};

describe.each(names)('%s', (name) => {
  test('comes out as it should', async () => {
    const fixture = loadFixture(join(FIXTURES, name));
    const isShipped = SHIPPED_CALLS.includes(name);
    const reservations = await startReservations(isShipped ? undefined : join(ROOT, 'config'));
    onTestFinished(() => reservations.stop());
    const { replayed } = reservations;
    const played = await replay(fixture, { ...replayed, env: { ...(isShipped ? {} : secrets), ...replayed.env } });
    expect(played.result.scriptFailure).toBeUndefined();
    expect(played.result.warnings).toEqual([]);
    expectTranscript(played, fixture);
    expectTools(played, fixture);
    expectOthers(played, fixture);
    expectAnalysis(played, fixture);
    expect(await reservations.bookingsOf(fixture.phone.from)).toMatchObject(BOOKED[name] ?? []);
    expectSound(played, fixture);
    expectRecordWhole(played, fixture);
    expect(played.leftJournals).toEqual([]);
    expect(played.leftArmed).toBe(0);
  });
});

test('the service of the restaurant is asked who calls, and told of the call', async () => {
  const fixture = loadFixture(join(FIXTURES, 'regular-guest'));
  const reservations = await startReservations();
  onTestFinished(() => reservations.stop());
  const { record, live } = await replay(fixture, reservations.replayed);
  expect(record.callStart?.variables).toEqual({ guest: 'Bianchi', wishes: 'The table by the window.' });
  expect(JSON.stringify(live.sessions[0]?.eventsOf('opened'))).toContain('In our book they are: Bianchi.');
  const { requests } = reservations;
  expect(requests).toContain('POST /calls/ringing 200');
  const events = requests.filter((line) => line.startsWith('call.'));
  expect(events).toEqual([
    `call.started ${record.callId}`,
    `call.ended ${record.callId} completed`,
    `call.analyzed ${record.callId} ${record.analysis?.summary?.result}`,
  ]);
});

test.each(['question', 'barge-in'])('%s comes out the same when our own gate takes the turns', async (name) => {
  const fixture = loadFixture(join(FIXTURES, name));
  const played = await replay(fixture, { turnTaking: { detection: 'local', silenceMs: 1_000 } });
  expect(played.result.scriptFailure).toBeUndefined();
  expectTranscript(played, fixture);
  // The model got the caller's voice, and not the silence around it.
  const heardMs = (played.live.sessions[0]?.heard.length ?? 0) / 16;
  expect(heardMs).toBeGreaterThan(1_000);
  expect(heardMs).toBeLessThan(played.record.durationMs / 2);
});

function expectTranscript({ record }: Replay, { expect: expected }: FixtureCall): void {
  expect(record.outcome.kind).toBe(expected.outcome);
  const { lines } = record;
  expect(lines.map(({ speaker, cut }) => ({ speaker, cut }))).toEqual(
    expected.lines.map(({ speaker, cut }) => ({ speaker, cut })),
  );
  for (const [index, { text, heard }] of expected.lines.entries()) {
    if (text !== undefined) expect(lines[index]?.text).toBe(text);
    if (heard !== undefined) {
      const { heardText } = lines[index]!;
      expect(matchesHeard(heard, heardText), `heard "${heardText}", not ${heard}`).toBe(true);
    }
  }
  expect(record.digits).toBe(expected.digits ?? '');
}

function expectTools({ record, live }: Replay, { expect: expected }: FixtureCall): void {
  expect(record.toolCalls.map(({ name, answer }) => [name, answer?.['status'], answer?.['repeated'] ?? false])).toEqual(
    expected.toolCalls.map(({ name, status, repeated }) => [name, status, repeated]),
  );
  for (const [index, { data, tookMs }] of expected.toolCalls.entries()) {
    const { answer, calledAtMs, answeredAtMs } = record.toolCalls[index]!;
    if (data !== undefined) expect(answer?.['data']).toMatchObject(data);
    if (tookMs === undefined) continue;
    expect(answeredAtMs! - calledAtMs).toBeGreaterThanOrEqual(tookMs.atLeast);
    expect(answeredAtMs! - calledAtMs).toBeLessThanOrEqual(tookMs.atMost);
  }
  // The model had each answer once, and waited for it. What a lost socket may have taken along is given again, and ignored.
  const answers = live.sessions.flatMap((session) => session.eventsOf('toolAnswered'));
  const taken = answers.filter(({ accepted }) => accepted);
  expect(taken.map(({ answer }) => answer.id).sort()).toEqual(record.toolCalls.map(({ id }) => id).sort());
  const again = answers.filter(({ accepted }) => !accepted);
  if (!expected.events.includes('LIVE_BACK')) expect(again).toEqual([]);
  for (const { answer } of again) expect(taken.map((each) => each.answer)).toContainEqual(answer);
}

function expectOthers({ result, others }: Replay, { expect: expected }: FixtureCall): void {
  const verbs = result.twiml.flatMap((document) => document.verbs);
  expect(verbs.flatMap((each) => (each.verb === 'dial' || each.verb === 'refer' ? [each.to] : []))).toEqual(
    expected.dialled,
  );
  const spoken = others.flatMap(({ events }) => events.flatMap((each) => (each.type === 'spoken' ? [each.text] : [])));
  expect(spoken).toEqual(expected.told);
  for (const other of others) expect([other.scriptFailure, other.warnings]).toEqual([undefined, []]);
}

function expectAnalysis({ record: { analysis } }: Replay, { expect: { analysis: expected } }: FixtureCall): void {
  if (expected?.summary !== undefined) expect(analysis?.summary?.result).toBe(expected.summary);
  if (expected?.extract !== undefined) expect(analysis?.extract?.result).toEqual(expected.extract);
  if (expected?.success !== undefined) expect(analysis?.verdict?.result?.success).toBe(expected.success);
}

function expectSound({ result, record }: Replay, { expect: expected }: FixtureCall): void {
  const cleared = result.events.some((event) => event.type === 'cleared' && event.droppedMs > 0);
  expect(cleared).toBe(expected.marks?.cleared ?? false);
  const agentMs = record.lines
    .filter((line) => line.speaker === 'agent')
    .reduce((sum, line) => sum + line.endMs - line.startMs, 0);
  if (expected.sound?.agentMs !== undefined) {
    expect(agentMs).toBeGreaterThanOrEqual(expected.sound.agentMs.atLeast);
    expect(agentMs).toBeLessThanOrEqual(expected.sound.agentMs.atMost);
  }
  for (const hz of expected.sound?.tonesHz ?? []) expect(toneLevelDbov(result.heard, 8000, hz)).toBeGreaterThan(-50);
  // No turn ran dry: the caller heard the agent without holes.
  expect(record.sound?.agent).toMatchObject({ gaps: 0, droppedMs: 0 });
  expect(record.sound?.caller).toMatchObject({ gaps: 0, droppedMs: 0 });
}

function expectRecordWhole({ record, result, entries }: Replay, { expect: expected }: FixtureCall): void {
  expect(record.callId).toBe(result.callSid);
  expect(record.missing).toEqual({ untranscribedTurns: 0, damagedLines: 0, lostEntries: 0 });
  expect(record.events.map(({ code }) => code)).toEqual(expected.events);
  // The service reports usage when a turn completes.
  if (record.lines.some((line) => line.speaker === 'agent' && !line.cut))
    expect(record.usage.totalTokens).toBeGreaterThan(0);
  expect(entries.at(0)?.type).toBe('began');
  // Of who is put through after somebody has taken the call, the end is known.
  const { outcome } = record;
  const isLeft = outcome.kind === 'transferred' && outcome.warm !== true;
  expect(entries.at(-1)?.type).toBe(isLeft ? 'transferred' : 'ended');
  for (const line of record.lines) expect(line.endMs).toBeGreaterThanOrEqual(line.startMs);
}
