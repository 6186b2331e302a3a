/** Callers who wait for somebody to take their call: whatever is told in whatever order, one thing comes of it. */
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LeftCalls, RequestedEnds, WarmTransfers } from '../../../src/call/index.ts';
import { createLocalNotes, type Notes } from '../../../src/cluster/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import type { CallControl, CallOrder } from '../../../src/telephony/index.ts';
import { endTranscript, type Transfer } from '../../../src/transcript/index.ts';
import { diskDriver } from '../../support/store-processes.ts';
import { callFacts } from '../transcript/given.ts';

const CALL = 'CA1';
const WARM = { accept: 'key', summary: 'Somebody is cold.', prompt: 'Press 1.' } as const;
const TRANSFER: Transfer = { name: 'desk', to: '+15550177', timeoutSeconds: 20, warm: WARM };
const URLS = { voice: 'https://a.example/voice', status: 'https://a.example/status', back: 'https://a.example/back' };

type Place = (order: CallOrder) => Promise<string>;

/** A caller who has just been let go for a transfer. */
async function given(
  transfer = TRANSFER,
  place: Place = async () => 'CAcallee',
  notesOver: (notes: Notes) => Notes = (notes) => notes,
) {
  const driver = await diskDriver();
  onTestFinished(() => driver.stop());
  const { clock } = driver;
  const process = await driver.start();
  const { store, outbox } = process;
  const leave = async () => {
    const { transcript } = await process.begin(CALL);
    transcript.collector.leave(transfer);
    await store.release(CALL);
  };
  await leave();
  const orders: CallOrder[] = [];
  const asked: string[] = [];
  const common = { clock, metrics: createMetrics(), store, notes: createLocalNotes(clock) };
  const control: CallControl = {
    redirect: async (callId, url) => {
      asked.push(`${callId} to ${new URL(url).search}`);
      return 'done';
    },
    hangUp: async (callId) => {
      asked.push(`${callId} is over`);
      return 'done';
    },
  };
  const requestedEnds = new RequestedEnds({ notes: common.notes, control });
  const left = new LeftCalls({
    ...common,
    requestedEnds,
    endTranscript: (call, earlier, outcome) =>
      endTranscript({ call, clock, outbox, earlier, outcome, mirror: (id, entry) => store.append(id, entry) }),
  });
  const warm = new WarmTransfers({
    ...common,
    logger: createLogger({ level: 'silent' }),
    notes: notesOver(common.notes),
    control,
    placer: {
      place: (order) => {
        orders.push(order);
        return place(order);
      },
    },
    urls: URLS,
    left,
  });
  return { driver, store, warm, orders, asked, leave, records: driver.records };
}

const facts = callFacts(CALL);

test('whoever is to take the call is called once, from the number that was called, whoever asks how often', async () => {
  const { warm, orders, driver } = await given();
  const ticket = await warm.begin(facts, TRANSFER);
  await driver.pass();
  expect(await warm.begin(facts, TRANSFER)).toEqual(ticket);
  const query = `?call=${CALL}&at=${ticket?.atMs}#rc=3&rp=ct,rt,5xx&rt=5000`;
  expect(orders).toEqual([
    {
      to: '+15550177',
      from: facts.to,
      ringMs: 20_000,
      maxCallMs: 4 * 60 * 60_000,
      voiceUrl: URLS.voice + query,
      statusUrl: URLS.status + query,
    },
  ]);
  expect(await warm.briefing(ticket!)).toEqual(WARM);
});

test('a destination with a number of its own shows that, and without any nobody is called', async () => {
  const { warm, orders, driver } = await given();
  const bySip = { ...facts, to: 'sip:desk@a.example' };
  expect(await warm.begin(bySip, TRANSFER)).toBeUndefined();
  await driver.pass();
  expect(await warm.begin(bySip, { ...TRANSFER, callerId: '+15550188' })).toBeDefined();
  expect(orders).toMatchObject([{ from: '+15550188' }]);
});

test('a caller whose other side cannot be called is told at once', async () => {
  const { warm, asked } = await given(TRANSFER, async () => {
    throw new Failure('PROVIDER_REFUSED', 'no');
  });
  expect(await warm.begin(facts, TRANSFER)).toBeUndefined();
  expect(asked).toEqual([]);
});

test('and is brought back when that is known late', async () => {
  let refuse = (): void => undefined;
  const late = new Promise<string>((_, reject) => {
    refuse = () => reject(new Failure('PROVIDER_BUSY', 'no'));
  });
  const { warm, asked, driver } = await given(TRANSFER, () => late);
  const beginning = warm.begin(facts, TRANSFER);
  for (let second = 0; second < 5; second++) await driver.pass();
  const ticket = await beginning;
  expect(ticket).toBeDefined();
  refuse();
  await vi.waitFor(() => expect(asked).toEqual([`${CALL} to ?call=${CALL}&at=${ticket!.atMs}&warm=failed`]), 10_000);
});

test('a call that is taken ends with that, and what is told of the other side later changes nothing', async () => {
  const { warm, asked, records } = await given();
  const ticket = (await warm.begin(facts, TRANSFER))!;
  await warm.joined(ticket);
  await warm.calleeGone(ticket, 'completed');
  await warm.callerGone(CALL);
  expect(await warm.leftConference(ticket)).toBe(true);
  await vi.waitFor(
    () => expect(records).toMatchObject([{ outcome: { kind: 'transferred', to: 'desk', warm: true } }]),
    10_000,
  );
  expect(await warm.briefing(ticket)).toBeUndefined();
  expect(asked).toEqual([]);
});

test.each([
  ['completed', 'declined'],
  ['busy', 'busy'],
  ['no-answer', 'no-answer'],
])('one that is not (%s) has its caller brought back once, and is not taken any more', async (status, told) => {
  const { warm, asked, store, records } = await given();
  const ticket = (await warm.begin(facts, TRANSFER))!;
  await warm.calleeGone(ticket, status);
  await warm.calleeGone(ticket, status);
  await warm.joined(ticket);
  expect(asked).toEqual([`${CALL} to ?call=${CALL}&at=${ticket.atMs}&warm=${told}`]);
  expect(await warm.briefing(ticket)).toBeUndefined();
  expect(await warm.leftConference(ticket)).toBe(false);
  expect(await store.look(CALL)).toMatchObject({ state: 'running', transfer: TRANSFER });
  expect(records).toEqual([]);
});

test('a caller who is back can be put through again, and whoever answers the first call does not have them', async () => {
  const { warm, orders, driver, leave } = await given();
  const first = (await warm.begin(facts, TRANSFER))!;
  await warm.calleeGone(first, 'busy');
  await driver.pass();
  await leave();
  const second = (await warm.begin(facts, TRANSFER))!;
  expect(second.atMs).toBeGreaterThan(first.atMs);
  expect(orders).toHaveLength(2);
  expect([await warm.briefing(first), await warm.briefing(second)]).toEqual([undefined, WARM]);
});

test('a caller who hangs up before was not put through, and the other telephone rings no more', async () => {
  const { warm, asked, records } = await given();
  const ticket = (await warm.begin(facts, TRANSFER))!;
  await warm.callerGone(CALL);
  await warm.joined(ticket);
  await warm.calleeGone(ticket, 'canceled');
  await vi.waitFor(() => expect(records).toMatchObject([{ outcome: { kind: 'callerGone' } }]), 10_000);
  expect(asked).toEqual(['CAcallee is over']);
});

test('so it is when they hang up while the other side is being called', async () => {
  let placed: (callId: string) => void = () => undefined;
  const { warm, asked, orders } = await given(
    TRANSFER,
    () =>
      new Promise((resolve) => {
        placed = resolve;
      }),
  );
  const beginning = warm.begin(facts, TRANSFER);
  await vi.waitFor(() => expect(orders).toHaveLength(1), 10_000);
  await warm.callerGone(CALL);
  placed('CAcallee');
  await beginning;
  expect(asked).toEqual(['CAcallee is over']);
});

test('a caller of whom nothing is told is brought back after a while, by what they hear meanwhile', async () => {
  const { warm, asked, driver } = await given();
  const ticket = (await warm.begin(facts, TRANSFER))!;
  for (let second = 0; second < 99; second++) await driver.pass();
  expect(await warm.stillWaits(ticket)).toEqual(WARM);
  expect(asked).toEqual([]);
  await driver.pass();
  expect(await warm.stillWaits(ticket)).toEqual(WARM);
  await vi.waitFor(() => expect(asked).toHaveLength(1), 10_000);
});

test.each([
  ['is let out of it', false, 1],
  ['is left alone where they talk with the other side', true, 0],
])('a caller in a conference whose call was settled meanwhile %s', async (_what, joined, times) => {
  const { warm, asked, store } = await given();
  const ticket = (await warm.begin(facts, TRANSFER))!;
  if (joined) await warm.joined(ticket);
  else await store.end(CALL, '{"do":"hangUp"}');
  expect(await warm.stillWaits(ticket)).toBeUndefined();
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toHaveLength(times);
});

/** Notes whose writers can be held up after all that they have read. */
function slowWriting() {
  let held: ((goOn: () => void) => void) | undefined;
  const over = (notes: Notes): Notes => ({
    ...notes,
    note: async (key, note) => {
      if (held !== undefined) await new Promise<void>(held);
      return notes.note(key, note);
    },
  });
  /** Has each come as far as its note before any writes, and then they do in this order. */
  const atOnce = async <T>(writers: readonly (() => Promise<T>)[]): Promise<T[]> => {
    const results: Promise<T>[] = [];
    const goOns: (() => void)[] = [];
    for (const write of writers) {
      const isAboutTo = new Promise<() => void>((resolve) => {
        held = resolve;
      });
      results.push(write());
      goOns.push(await isAboutTo);
    }
    held = undefined;
    for (const goOn of goOns) goOn();
    return Promise.all(results);
  };
  return { over, atOnce };
}

test('of all that is told, at once or later, the first thing counts', async () => {
  const told = fc.constantFrom('joined', 'busy', 'completed', 'left');
  const first = fc.array(told, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(first, fc.array(told, { maxLength: 3 }), async (atOnce, later) => {
      const slow = slowWriting();
      const { warm, asked, store } = await given(TRANSFER, undefined, slow.over);
      const ticket = (await warm.begin(facts, TRANSFER))!;
      /** Whether the caller has talked with the other side, if that is asked. */
      const tell = async (what: string): Promise<boolean | undefined> => {
        if (what === 'left') return warm.leftConference(ticket);
        return void (await (what === 'joined' ? warm.joined(ticket) : warm.calleeGone(ticket, what)));
      };
      const answers = await slow.atOnce(atOnce.map((what) => () => tell(what)));
      for (const what of later) answers.push(await tell(what));

      const [decisive] = atOnce;
      const isTaken = decisive === 'joined';
      expect((await store.look(CALL)).state).toBe(isTaken ? 'ended' : 'running');
      // Whoever has left the conference is there already.
      const why = { joined: [], left: [], busy: ['busy'], completed: ['declined'] }[decisive!];
      expect(asked).toEqual(why.map((status) => `${CALL} to ?call=${CALL}&at=${ticket.atMs}&warm=${status}`));
      expect(answers).toEqual([...atOnce, ...later].map((what) => (what === 'left' ? isTaken : undefined)));
    }),
    { numRuns: 40 },
  );
});
