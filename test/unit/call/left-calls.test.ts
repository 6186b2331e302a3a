/** How calls end whose callers are being put through, by what the provider tells of them, in any order. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LeftCalls, RequestedEnds } from '../../../src/call/index.ts';
import { type CallStore, createLocalNotes } from '../../../src/cluster/index.ts';
import { createMetrics } from '../../../src/telemetry/index.ts';
import { endTranscript, type Transfer } from '../../../src/transcript/index.ts';
import { diskDriver } from '../../support/store-processes.ts';

const CALL = 'CA1';
const DESK: Transfer = { name: 'desk', to: '+15550177', timeoutSeconds: 20 };
const WARM = { accept: 'key', summary: 'Ada is cold.', prompt: 'Press 1.' } as const;
const TRANSFERRED = { kind: 'transferred', to: 'desk' };
const GONE = { kind: 'callerGone' };

/** A caller who has just been let go for a transfer, or for another process; whose other process has died, or is about to let them go. */
async function given(why: Transfer | 'handedOver' | 'died' | 'leaving' = DESK, facts: { readonly to?: string } = {}) {
  const driver = await diskDriver();
  onTestFinished(() => driver.stop());
  const { clock, records } = driver;
  const process = await driver.start();
  const { store, outbox } = process;
  if (why === 'died' || why === 'leaving') {
    const other = await driver.start();
    const { transcript } = await other.begin(CALL);
    if (why === 'died') other.die();
    else transcript.collector.leave(DESK);
  } else {
    const { transcript } = await process.begin(CALL);
    transcript.collector.leave(why === 'handedOver' ? undefined : why);
    await store.release(CALL);
  }
  const look: CallStore['look'] = async (callId) => {
    const known = await store.look(callId);
    return known.state === 'running' ? { ...known, facts: { ...known.facts, ...facts } } : known;
  };
  const common = { notes: createLocalNotes(clock), metrics: createMetrics(), store: { ...store, look } };
  const control = { hangUp: async () => 'done' as const, redirect: async () => 'done' as const };
  const requestedEnds = new RequestedEnds({ ...common, control });
  const left = new LeftCalls({
    ...common,
    requestedEnds,
    endTranscript: (call, earlier, outcome) =>
      endTranscript({ call, clock, outbox, earlier, outcome, mirror: (id, entry) => store.append(id, entry) }),
  });
  const expectOne = async (outcome: unknown): Promise<void> => {
    await vi.waitFor(() => expect(records).toMatchObject([{ outcome }]), 10_000);
    expect((await store.look(CALL)).state).toBe('ended');
    for (let second = 0; second < 5; second++) await driver.pass();
    expect(records).toHaveLength(1);
  };
  return { driver, left, requestedEnds, store, metrics: common.metrics, expectOne };
}

describe('a caller who is gone', () => {
  test.each<[string, string | undefined, boolean, unknown]>([
    ['nothing else', undefined, false, GONE],
    ['that nobody answered', 'no-answer', false, GONE],
    ['that it was canceled', 'canceled', false, GONE],
    ['a word that we do not know', 'something-new', false, GONE],
    ['before that somebody answered', undefined, true, TRANSFERRED],
    ['that the two have talked', 'completed', false, TRANSFERRED],
    ['both', 'completed', true, TRANSFERRED],
  ])('of whom is told %s', async (_, status, isAnswered, outcome) => {
    const { left, metrics, expectOne } = await given();
    if (isAnswered) await left.answered(CALL);
    expect(await left.callerGone(CALL, status)).toBe(outcome === GONE);
    await expectOne(outcome);
    const result = outcome === GONE ? 'gone' : 'taken';
    expect(await metrics.text()).toContain(`callbridge_transfers_total{result="${result}"} 1`);
  });

  test('ends the call once, however often that is told, and with whatever else', async () => {
    const { left, metrics, expectOne } = await given();
    const told = [left.callerGone(CALL), left.callerGone(CALL, 'no-answer'), left.callerGone(CALL)];
    expect((await Promise.all(told)).filter((isIt) => isIt)).toHaveLength(1);
    await left.answered(CALL);
    await left.callerGone(CALL, 'completed');
    await expectOne(GONE);
    expect(await metrics.text()).toContain('callbridge_transfers_total{result="gone"} 1');
    expect(await metrics.text()).toMatch(/calls_total\{agent="\w+",outcome="callerGone",fault="",code=""\} 1/);
  });

  test('because somebody has had the call ended over HTTP, is said to be', async () => {
    const { left, requestedEnds, expectOne } = await given();
    await requestedEnds.hangUp(CALL);
    await left.callerGone(CALL, 'canceled');
    await expectOne({ kind: 'completed', by: 'api' });
  });

  test('and was talking with somebody when it was ended over HTTP, was put through', async () => {
    const { left, requestedEnds, expectOne } = await given();
    await left.answered(CALL);
    await requestedEnds.hangUp(CALL);
    await left.callerGone(CALL);
    await expectOne(TRANSFERRED);
  });

  test('after their telephone was sent on by REFER was put through, unless that is said not to be so', async () => {
    const refer = { ...DESK, refer: true };
    const bySip = { to: 'sip:desk@bridge.example' };
    for (const [facts, status, outcome] of [
      [bySip, undefined, TRANSFERRED],
      [bySip, 'busy', GONE],
      [{}, undefined, GONE],
    ] as const) {
      const { left, expectOne } = await given(refer, facts);
      await left.callerGone(CALL, status);
      await expectOne(outcome);
    }
  });

  test('while somebody was asked whether they take the call, was not put through', async () => {
    const { left, expectOne } = await given({ ...DESK, warm: WARM });
    await left.callerGone(CALL);
    await expectOne(GONE);
  });
});

describe('a caller who is gone before anybody has taken their call up', () => {
  test.each([
    ['is that, when it was handed over', false, GONE],
    ['had it ended over HTTP, when it was handed over', true, { kind: 'completed', by: 'api' }],
  ] as const)('%s', async (_, isAsked, outcome) => {
    const { left, metrics, requestedEnds, expectOne } = await given('handedOver');
    if (isAsked) await requestedEnds.hangUp(CALL);
    const told = [left.callerGone(CALL), left.callerGone(CALL), left.callerGone(CALL)];
    expect(await Promise.all(told)).toEqual([false, false, false]);
    await expectOne(outcome);
    expect(await metrics.text()).toMatch(/calls_total\{agent="\w+",outcome="\w+",fault="",code=""\} 1/);
    expect(await metrics.text()).not.toContain('callbridge_transfers_total{');
  });

  test.each([
    ['and nobody of its disk has found it', false],
    ['and another one of its disk holds it', true],
  ])('has the record of that, when its process died %s', async (_, isFound) => {
    const { driver, left, expectOne } = await given('died');
    if (isFound) await driver.pass();
    expect(await left.callerGone(CALL)).toBe(false);
    await expectOne({ kind: 'failed', code: 'PROCESS_DIED' });
  });
});

test('a call that another process holds, and is about to let go for a transfer, is not ended by what is told of it', async () => {
  const { left, store, metrics } = await given('leaving');
  expect(await store.look(CALL)).toMatchObject({ holder: 'elsewhere', transfer: DESK });
  expect(await left.callerGone(CALL)).toBe(false);
  expect(await store.look(CALL)).toMatchObject({ holder: 'elsewhere', transfer: DESK });
  expect(await metrics.text()).not.toContain('callbridge_transfers_total{');
});
