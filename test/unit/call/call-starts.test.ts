/** Calls that somebody is asked about while they ring: once, however many processes a call passes, and whatever happens meanwhile. */
import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type CallAgent, CallRegistry, type RingingCall } from '../../../src/call/index.ts';
import { createLocalNotes, type Notes } from '../../../src/cluster/index.ts';
import type { Config } from '../../../src/config/index.ts';
import type { CallStream, StreamHandlers } from '../../../src/telephony/index.ts';
import { type CallFacts, createCollector, type Entry } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type MemorySlots, memorySlots } from '../../support/memory-slots.ts';
import { config, registryParts } from '../../support/registry.ts';
import { START_SECRET, startReceiver } from '../../support/start-receiver.ts';

const [base] = config.agents as [Config['agents'][number]];
const CALL: RingingCall = {
  callId: 'CA1',
  provider: 'twilio',
  agent: 'front',
  from: '+15550100',
  to: '+15550199',
  direction: 'inbound',
  sipHeaders: {},
};

interface Shared {
  readonly clock: ManualClock;
  readonly notes: Notes;
  readonly slots: MemorySlots;
  /** Who begins a transcript, and with what is known by then. */
  readonly begun: CallFacts[];
  readonly entries: Entry[];
}

/** One process of those that share these. */
function openProcess({ begun, entries, ...shared }: Shared, url: string): CallRegistry {
  const { clock } = shared;
  const callStart = { url, secret: START_SECRET, deadlineMs: 2_000 };
  const agents: Readonly<Record<string, CallAgent>> = {
    front: { ...base, name: 'front', credentials: [], callStart },
    sales: { ...base, name: 'sales', credentials: [], limits: { ...base.limits, calls: 1 } },
  };
  const { options, close } = registryParts({ ...shared, agentNamed: (name) => agents[name] });
  const registry = new CallRegistry({
    ...options,
    agentFor: () => agents['front'],
    beginTranscript: (call, earlier) => {
      begun.push(call);
      const collector = createCollector({ call, clock, earlier, append: (entry) => entries.push(entry) });
      return { collector, close: () => undefined, leave: () => collector.leave() };
    },
  });
  onTestFinished(async () => {
    registry.close();
    await clock.advance(5_000);
    close();
  });
  return registry;
}

function shared(): Shared {
  const clock = new ManualClock();
  return { clock, notes: createLocalNotes(clock), slots: memorySlots(), begun: [], entries: [] };
}

/** A receiver whose answers wait for the test. */
async function waitingReceiver(body: object) {
  const waiting: ServerResponse[] = [];
  const { url, asked } = await startReceiver((response) => waiting.push(response));
  return {
    url,
    asked,
    isAsked: () => inTime(() => expect(waiting).not.toEqual([])),
    answer: () => {
      for (const response of waiting.splice(0)) response.end(JSON.stringify(body));
    },
  };
}

const stream = (): CallStream => ({
  streamId: 'MZ1',
  callId: CALL.callId,
  provider: 'twilio',
  parameters: {},
  format: { encoding: 'ulaw', rateHz: 8000 },
  playout: { leadMs: 5_000, maxMessageMs: 200 },
  send: () => undefined,
  close: () => undefined,
});

const inTime = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 5_000 });

test('the webhook of the call is answered while somebody is still asked, and the call begins with the answer', async () => {
  const given = shared();
  const receiver = await waitingReceiver({ agent: 'sales', variables: { name: 'Ada' } });
  const registry = openProcess(given, receiver.url);
  expect(await registry.ring(CALL)).toEqual({ do: 'connect', call: CALL });
  expect(registry.active).toBe(0);
  await receiver.isAsked();
  // Twilio may ask again meanwhile.
  expect(await registry.ring(CALL)).toEqual({ do: 'connect', call: CALL });
  receiver.answer();
  await inTime(() => expect(registry.active).toBe(1));
  expect(receiver.asked).toHaveLength(1);
  const callStart = { askedBy: 'front', variables: { name: 'Ada' } };
  expect(given.begun).toMatchObject([{ agent: 'sales', callStart }]);
  expect(given.slots.holders('agent:sales')).toEqual(['CA1']);
});

test('an agent that has no room is not changed to, and the call keeps its place', async () => {
  const given = shared();
  await given.slots.take('agent:sales', 1, 'another');
  const receiver = await startReceiver({ agent: 'sales', variables: { name: 'Ada' } });
  const registry = openProcess(given, receiver.url);
  await registry.ring(CALL);
  await inTime(() => expect(registry.active).toBe(1));
  expect(given.begun).toMatchObject([{ agent: 'front', callStart: { askedBy: 'front', variables: {} } }]);
  expect(given.entries).toContainEqual(
    expect.objectContaining({ code: 'CALL_START_FAILED', detail: 'it chose agent sales, which has no room' }),
  );
  expect(given.slots.holders('agent:sales')).toEqual(['another']);
});

test('a caller who goes meanwhile leaves nothing behind', async () => {
  const given = shared();
  const receiver = await waitingReceiver({ agent: 'sales' });
  const registry = openProcess(given, receiver.url);
  await registry.ring(CALL);
  await receiver.isAsked();
  await registry.callerGone(CALL.callId, 'canceled');
  receiver.answer();
  await inTime(() => expect(given.slots.given).toContain('agent:sales'));
  expect([registry.active, given.begun]).toEqual([0, []]);
});

test('a process that is told to stop meanwhile lets the call in, and waits for it', async () => {
  const given = shared();
  const receiver = await waitingReceiver({});
  const registry = openProcess(given, receiver.url);
  await registry.ring(CALL);
  await receiver.isAsked();
  const drained = registry.drain(60_000);
  receiver.answer();
  await inTime(() => expect(registry.active).toBe(1));
  await registry.callerGone(CALL.callId, 'completed');
  expect(await drained).toBe(true);
});

test('of two processes at which a call rings, one asks, and both know', async () => {
  const given = shared();
  const receiver = await waitingReceiver({ variables: { name: 'Ada' } });
  const [first, second] = [openProcess(given, receiver.url), openProcess(given, receiver.url)];
  await Promise.all([first.ring(CALL), second.ring(CALL)]);
  await receiver.isAsked();
  receiver.answer();
  // Either may be the one who asks; the other one looks for the answer by its clock.
  await inTime(() => expect(first.active + second.active).toBe(1));
  await given.clock.advance(200);
  await inTime(() => expect([first.active, second.active]).toEqual([1, 1]));
  const callStart = { askedBy: 'front', variables: { name: 'Ada' } };
  expect(given.begun).toMatchObject([{ callStart }, { callStart }]);
  expect(receiver.asked).toHaveLength(1);
});

test('a stream that comes to another process before the answer waits for it there, and nobody is asked again', async () => {
  const given = shared();
  const receiver = await waitingReceiver({ agent: 'sales', voice: 'Puck', variables: { name: 'Ada' } });
  const [first, second] = [openProcess(given, receiver.url), openProcess(given, receiver.url)];
  await first.ring(CALL);
  await receiver.isAsked();
  const answered: Promise<StreamHandlers> = second.answer(CALL, stream());
  receiver.answer();
  await inTime(() => expect(first.active).toBe(1));
  await given.clock.advance(200);
  await answered;
  expect(given.begun.at(-1)).toMatchObject({
    agent: 'sales',
    voice: 'Puck',
    callStart: { askedBy: 'front', variables: { name: 'Ada' }, voice: 'Puck' },
  });
  expect(receiver.asked).toHaveLength(1);
});

test('what another process never was answered costs its deadline, and the call goes on as the file says', async () => {
  const given = shared();
  await given.notes.note('start:CA1', { rank: 0, value: 'asking', forMs: 60_000 });
  const receiver = await startReceiver({});
  const registry = openProcess(given, receiver.url);
  const answered = registry.answer(CALL, stream());
  await given.clock.advance(2_200);
  await answered;
  expect(given.begun).toMatchObject([{ agent: 'front' }]);
  expect(given.entries).toContainEqual(expect.objectContaining({ code: 'CALL_START_FAILED' }));
  expect(receiver.asked).toEqual([]);
});

test('a stream of a call that nobody was asked about asks nobody: its call began before the file said so', async () => {
  const given = shared();
  const receiver = await startReceiver({ agent: 'sales' });
  const registry = openProcess(given, receiver.url);
  await registry.answer(CALL, stream());
  expect(given.begun).toMatchObject([{ agent: 'front' }]);
  expect(receiver.asked).toEqual([]);
});

test('a caller who is brought back is with the agent that was chosen, and nobody is asked again', async () => {
  const given = shared();
  const receiver = await startReceiver({ agent: 'sales', variables: { name: 'Ada' } });
  const registry = openProcess(given, receiver.url);
  await registry.ring(CALL);
  await inTime(() => expect(registry.active).toBe(1));
  await registry.answer(CALL, stream());
  const callStart = { askedBy: 'front', variables: { name: 'Ada' } };
  expect(await registry.afterStream(CALL)).toMatchObject({ do: 'connect', call: { agent: 'sales', callStart } });
  const elsewhere = openProcess(given, receiver.url);
  await elsewhere.answer({ ...CALL, agent: 'sales', callStart }, stream());
  expect(given.begun.at(-1)).toMatchObject({ agent: 'sales', callStart });
  expect(receiver.asked).toHaveLength(1);
});
