/** Calls that nobody answered, by real journals into a real queue: a record each, whoever is told how often, and killed when. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UnansweredCalls } from '../../../src/call/index.ts';
import { systemIds } from '../../../src/lib/index.ts';
import { createSpoolQueue, Spool } from '../../../src/postprocess/index.ts';
import { createMetrics } from '../../../src/telemetry/index.ts';
import { type CallRecord, type Outbox, openOwners } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ORDER } from '../../support/outbound-order.ts';
import { killedAfter } from '../transcript/killed.ts';
import { type Known, openUnanswered } from './unanswered-given.ts';

let folder: string;
let clock: ManualClock;
let published: CallRecord[];
let spool: Spool;
let closing: (() => void)[];

interface Process {
  readonly unanswered: UnansweredCalls;
  readonly outbox: Outbox;
  readonly metrics: ReturnType<typeof createMetrics>;
}

/** One of several on this disk. */
function start(known?: Known): Process {
  const owners = openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
  const metrics = createMetrics();
  const publish = async (record: CallRecord): Promise<void> => {
    published.push(record);
    await createSpoolQueue(spool).add(record);
  };
  const process = openUnanswered({ folder, clock, owners, publish, metrics, known });
  closing.push(() => {
    process.outbox.close();
    owners.close();
  });
  return { ...process, metrics };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'callbridge-unanswered-'));
  clock = new ManualClock();
  published = [];
  closing = [];
  const owners = openOwners({ folder: join(folder, 'owners'), clock, ids: systemIds });
  closing.push(() => owners.close());
  spool = await Spool.open({ folder: join(folder, 'spool'), owners, clock });
});
afterEach(() => {
  for (const close of closing) close();
  expect(clock.armed).toBe(0);
  rmSync(folder, { recursive: true });
});

const journals = async (): Promise<string[]> =>
  (await readdir(join(folder, 'journals'), { recursive: true })).filter((name) => name.endsWith('.jsonl'));
const settled = (...all: Process[]) => Promise.all(all.map(({ outbox }) => outbox.idle(5_000)));

describe('a call that nobody answered', () => {
  test('leaves a record of what was ordered, when, and how it ended', async () => {
    const process = start();
    const orderedAtMs = clock.nowMs();
    clock.tick(25_000);
    await process.unanswered.ended('CA1', { ...ORDER, orderedAtMs }, { kind: 'unanswered', end: 'noAnswer' }, false);
    await settled(process);
    expect(published).toMatchObject([
      {
        version: 1,
        callId: 'CA1',
        provider: 'twilio',
        direction: 'outbound',
        agent: 'sales',
        model: 'gemini-3.8-live',
        voice: 'Kore',
        from: '+15550100',
        to: '+15550177',
        outbound: ORDER.outbound,
        startedAt: new Date(orderedAtMs).toISOString(),
        answeredAt: null,
        endedAt: new Date(orderedAtMs + 25_000).toISOString(),
        durationMs: 0,
        outcome: { kind: 'unanswered', end: 'noAnswer' },
        lines: [],
        toolCalls: [],
      },
    ]);
    expect(await journals()).toEqual([]);
    const counted = (await process.metrics.calls.get()).values.map(({ labels, value }) => [labels.outcome, value]);
    expect(counted).toEqual([['unanswered', 1]]);
  });

  test('has one however often that is told, also at once', async () => {
    const process = start();
    const order = { ...ORDER, orderedAtMs: clock.nowMs() };
    await Promise.all(
      [1, 2, 3].map(() => process.unanswered.ended('CA1', order, { kind: 'unanswered', end: 'busy' }, false)),
    );
    await settled(process);
    await process.unanswered.ended('CA1', order, { kind: 'unanswered', end: 'failed' }, false);
    await settled(process);
    expect(published.map(({ outcome }) => outcome)).toEqual([{ kind: 'unanswered', end: 'busy' }]);
  });

  test('is in the queue once when two processes are told of it', async () => {
    const [one, other] = [start(), start()];
    const order = { ...ORDER, orderedAtMs: clock.nowMs() };
    await Promise.all(
      [one, other].map(({ unanswered }) => unanswered.ended('CA1', order, { kind: 'unanswered', end: 'busy' }, false)),
    );
    await settled(one, other);
    expect(await spool.counts()).toMatchObject({ waiting: 1, active: 0, done: 0, dead: 0 });
    expect(await journals()).toEqual([]);
  });

  test('whose process is killed before the queue has it is queued by the next one', async () => {
    const script = new URL('./unanswered-killed.ts', import.meta.url);
    await killedAfter(script, [folder], (said) => said.includes('told'));
    expect(await journals()).toHaveLength(1);
    const { outbox } = start();
    await outbox.recover();
    await outbox.idle(5_000);
    expect(published).toMatchObject([{ callId: 'CA1', outcome: { kind: 'unanswered', end: 'busy' } }]);
    expect(await journals()).toEqual([]);
  });
});

test('a call that rang in some process, and whose stream never came, has a record, though it is known as ended', async () => {
  const process = start({ state: 'ended' });
  await process.unanswered.ended('CA1', { ...ORDER, orderedAtMs: clock.nowMs() }, { kind: 'callerGone' }, false);
  await settled(process);
  expect(published).toMatchObject([{ callId: 'CA1', answeredAt: null, outcome: { kind: 'callerGone' } }]);
});

test.each([
  [false, [['failed', 'provider', 'STREAM_NEVER_CAME', 1]]],
  [true, []],
])(
  'a call whose stream never came counts where it was asked about, or else here (asked: %j)',
  async (wasAsked, counted) => {
    const process = start();
    const outcome = { kind: 'failed', fault: 'provider', code: 'STREAM_NEVER_CAME' } as const;
    await process.unanswered.ended('CA1', { ...ORDER, orderedAtMs: clock.nowMs() }, outcome, wasAsked);
    await settled(process);
    expect(published).toMatchObject([{ outcome }]);
    const { values } = await process.metrics.calls.get();
    expect(values.map(({ labels, value }) => [labels.outcome, labels.fault, labels.code, value])).toEqual(counted);
  },
);

test.each([
  ['goes on here', { state: 'running', holder: 'here' }],
  ['goes on in another process', { state: 'running', holder: 'elsewhere' }],
  ['went on in a process that died', { state: 'running', holder: 'dead' }],
  ['has ended', { state: 'ended' }],
] as const)('a call that %s was answered, whatever the provider says', async (_what, known) => {
  const process = start(known);
  await process.unanswered.ended(
    'CA1',
    { ...ORDER, orderedAtMs: clock.nowMs() },
    { kind: 'unanswered', end: 'failed' },
    false,
  );
  await settled(process);
  expect(published).toEqual([]);
  expect(await journals().catch(() => [])).toEqual([]);
});
