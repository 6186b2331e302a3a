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

/** A caller who has just been let go for a transfer. */
async function given(transfer: Transfer | 'none' = DESK, facts: { readonly to?: string } = {}) {
  const driver = await diskDriver();
  onTestFinished(() => driver.stop());
  const { clock, records } = driver;
  const process = await driver.start();
  const { store, outbox } = process;
  const { transcript } = await process.begin(CALL);
  transcript.collector.leave(transfer === 'none' ? undefined : transfer);
  await store.release(CALL);
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
  return { left, requestedEnds, store, metrics: common.metrics, expectOne };
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

  test('and whose process died has the record of that', async () => {
    const { left, expectOne } = await given('none');
    expect(await left.callerGone(CALL)).toBe(false);
    await expectOne({ kind: 'failed', code: 'PROCESS_DIED' });
  });
});

test('a call that is held is not ended by what is told of it', async () => {
  const { left, store } = await given();
  const known = await store.look(CALL);
  if (known.state === 'running') await store.take(known.facts);
  expect(await left.callerGone(CALL)).toBe(false);
  expect((await store.look(CALL)).state).toBe('running');
});
