/** Which calls there are: announced twice, answered twice, too many, brought back, given away, and ended while the process must. */
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { g711, pcm, tone } from '../../../src/audio/index.ts';
import { type CallAgent, CallRegistry, type Next, type RingingCall } from '../../../src/call/index.ts';
import { SharedKeys } from '../../../src/call/shared-keys.ts';
import { type CallStore, createLocalNotes, type Known, type Notes } from '../../../src/cluster/index.ts';
import { agentFor } from '../../../src/config/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import type { ScenarioInput } from '../../../src/simulator/index.ts';
import type { CallControl, CallStream, StreamHandlers } from '../../../src/telephony/index.ts';
import { type Tool, Toolbox } from '../../../src/tools/index.ts';
import { createCollector, type Entry, type Line } from '../../../src/transcript/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { memorySlots } from '../../support/memory-slots.ts';
import { config, registryParts } from '../../support/registry.ts';

let clock: ManualClock;
/** What the phones of a test go on doing. */
const phones: (() => void)[] = [];
let cleanUp: () => void = () => undefined;

afterEach(async () => {
  cleanUp();
  for (const hangUp of phones.splice(0)) hangUp();
  // Sockets take a moment to say goodbye to each other.
  await clock.advance(5_000);
  expect(clock.armed).toBe(0);
});

/** What the provider was asked for by its REST API. */
const redirected: string[] = [];

interface ServiceOptions {
  readonly control?: Partial<CallControl>;
  readonly store?: Partial<CallStore>;
  /** What all processes share; only this one's unless it is given. */
  readonly notes?: Notes;
  readonly maxCalls?: number;
  readonly limits?: Partial<CallAgent['limits']>;
  /** undefined: nobody watches whether the agent speaks. */
  readonly patience?: CallAgent['patience'];
  /** undefined: nobody asks whether the caller is there. */
  readonly idle?: CallAgent['idle'];
  readonly keys?: CallAgent['keys'];
  /** undefined: the stream opens at once. */
  readonly notice?: CallAgent['notice'];
  readonly model?: ScenarioInput;
  readonly tools?: readonly Tool[];
  readonly openLive?: () => never;
  /** The agent has no words for the stream when it is gone for good. */
  readonly sayNothing?: boolean;
}

function service({
  maxCalls = 10,
  limits,
  patience,
  idle,
  keys,
  notice,
  model,
  tools = [],
  openLive,
  control,
  store,
  notes: given,
  sayNothing,
}: ServiceOptions = {}) {
  clock = new ManualClock();
  const agentNamed = (name: string): CallAgent | undefined => {
    const agent = config.agents.find((one) => one.name === name);
    // The simulated model does not speak when its turn has nothing to say, or says it with a tone.
    return (
      agent && {
        ...agent,
        patience,
        idle,
        keys,
        notice,
        tools,
        credentials: [],
        limits: { ...agent.limits, ...limits },
      }
    );
  };
  const slots = memorySlots();
  const transcripts = new Map<string, Entry[]>();
  const closed: string[] = [];
  redirected.length = 0;
  const notes = given ?? createLocalNotes(clock);
  const { options, live, metrics, close } = registryParts({ clock, agentNamed, slots, notes, maxCalls, model, store });
  const registry = new CallRegistry({
    ...options,
    agentFor: (to) => agentNamed(agentFor(config, to)?.name ?? ''),
    openLive: openLive ?? options.openLive,
    apologyOf: () => (sayNothing ? undefined : { samples: pcm(new Int16Array(24_000), 8000), text: 'Sorry.' }),
    beginTranscript: (call, earlier) => {
      const entries: Entry[] = [];
      transcripts.set(call.callId, entries);
      const collector = createCollector({ call, clock, earlier, append: (entry) => entries.push(entry) });
      return { collector, close: () => closed.push(call.callId), leave: () => collector.leave() };
    },
    control: {
      redirect: async (callId, url) => {
        redirected.push(`${callId} ${url}`);
        return 'done';
      },
      hangUp: async () => 'done',
      ...control,
    },
  });
  cleanUp = () => {
    registry.close();
    close();
  };
  return { registry, live, transcripts, closed, metrics, slots };
}

/** When a call began that another process had. */
const BEGAN_MS = new ManualClock().nowMs() - 10_000;

const call = (callId: string): RingingCall => ({
  callId,
  provider: 'twilio',
  agent: 'reception',
  from: '+15550100',
  to: '+15550199',
  direction: 'inbound',
  sipHeaders: {},
});

/** A stream that plays nothing; it tells its end as the real one does. */
async function streamOf(
  registry: CallRegistry,
  callId: string,
  closed: string[] = [],
  { isDead = false, keysPressed = false } = {},
): Promise<StreamHandlers> {
  let handlers: StreamHandlers | undefined;
  // A phone sends its silence, too.
  const cancel = clock.every(1_000, () => handlers?.audio(new Uint8Array(160).fill(0xff), undefined, 0));
  phones.push(cancel);
  if (isDead) cancel();
  const stream: CallStream = {
    streamId: 'MZ1',
    callId,
    provider: 'twilio',
    format: { encoding: 'ulaw', rateHz: 8000 },
    parameters: {},
    playout: { leadMs: 5_000, maxMessageMs: 200 },
    send: () => undefined,
    close: () => {
      closed.push(callId);
      cancel();
      handlers?.ended('closedByUs');
    },
  };
  const answered = await registry.answer({ ...call(callId), keysPressed }, stream);
  handlers = {
    ...answered,
    ended: (how) => {
      cancel();
      answered.ended(how);
    },
  };
  return handlers;
}

const lineOf = (speaker: Line['speaker'], text: string): Line => ({
  speaker,
  kind: 'speech',
  text,
  heardText: text,
  cut: false,
  startMs: 0,
  endMs: 1_000,
});

const outcomeOf = (entries: readonly Entry[] | undefined): unknown =>
  entries?.flatMap((entry) => (entry.type === 'ended' ? [entry.outcome] : []));

const answersOf = (entries: readonly Entry[] | undefined) =>
  (entries ?? []).flatMap((entry) => (entry.type === 'toolAnswered' ? [entry.answer] : []));

const codesOf = (entries: readonly Entry[] | undefined): string[] =>
  (entries ?? []).flatMap((entry) => (entry.type === 'event' ? [entry.code] : []));

const codeOf = async (run: () => unknown): Promise<string | undefined> => {
  try {
    await run();
  } catch (error) {
    return error instanceof Failure ? error.code : String(error);
  }
  return undefined;
};

/** What a caller of this call gets after the stream. */
const nextFor = async (registry: CallRegistry, callId: string): Promise<Next['do']> =>
  (await registry.afterStream(call(callId))).do;

describe('a call', () => {
  test('that is announced twice is one call, with one session', async () => {
    const { registry, live } = service();
    await registry.ring(call('CA1'));
    await registry.ring(call('CA1'));
    await clock.advance(1_000);
    expect(registry.active).toBe(1);
    expect(live.sessions).toHaveLength(1);
  });

  test('that is announced again after its end does not begin again: it gets what an ended call gets', async () => {
    const { registry, live } = service();
    expect(await registry.ring(call('CA1'))).toEqual({ do: 'connect', call: call('CA1') });
    await clock.advance(1_000);
    await registry.callerGone('CA1', 'completed');
    expect(await registry.ring(call('CA1'))).toEqual({ do: 'hangUp' });
    expect(registry.active).toBe(0);
    expect(live.sessions).toHaveLength(1);
  });

  test('that is announced after it has ended at another process gets what that one wrote down', async () => {
    const answer = JSON.stringify({ do: 'fallback', agent: 'reception', heard: true });
    const { registry, live } = service({ store: { look: async () => ({ state: 'ended', answer }) } });
    expect(await registry.ring(call('CA1'))).toEqual({ do: 'fallback', agent: 'reception', heard: true });
    expect([registry.active, live.sessions.length]).toEqual([0, 0]);
  });

  test('that is announced while nobody says whether it has ended begins after a second', async () => {
    const { registry, metrics } = service({ store: { look: () => new Promise<Known>(() => undefined) } });
    const ringing = registry.ring(call('CA1'));
    await clock.advance(990);
    expect(registry.active).toBe(0);
    await clock.advance(20);
    expect(await ringing).toMatchObject({ do: 'connect' });
    expect(registry.active).toBe(1);
    const { values } = await metrics.failures.get();
    expect(values.map(({ labels }) => labels.code)).toEqual(['STORE_UNAVAILABLE']);
  });

  test('whose caller is gone before it is announced does not begin, by webhook or by stream', async () => {
    const { registry, live, slots } = service({ limits: { calls: 1 } });
    await registry.callerGone('CA1', 'completed');
    await clock.advance(60_000);
    expect(await registry.ring(call('CA1'))).toEqual({ do: 'hangUp' });
    expect(await nextFor(registry, 'CA1')).toBe('hangUp');
    expect(await codeOf(() => streamOf(registry, 'CA1'))).toBe('STREAM_DUPLICATE');
    expect([registry.active, live.sessions.length, slots.asked.length]).toEqual([0, 0, 0]);
  });

  test('whose stream never comes gives its session up after half a minute', async () => {
    const { registry, transcripts, closed } = service();
    await registry.ring(call('CA1'));
    // The session is ready after a second, and the half minute counts from there.
    await clock.advance(29_000);
    expect(registry.active).toBe(1);
    await clock.advance(3_000);
    expect(registry.active).toBe(0);
    expect(closed).toEqual(['CA1']);
    expect(outcomeOf(transcripts.get('CA1'))).toMatchObject([{ kind: 'failed', code: 'STREAM_NEVER_CAME' }]);
    // Late, and no reason to turn the caller away.
    await streamOf(registry, 'CA1');
    expect(registry.active).toBe(1);
  });

  test('whose caller hears a notice first is given the time that it takes', async () => {
    const { registry, live } = service({ notice: { lengthMs: 61_000 } });
    await registry.ring(call('CA1'));
    await clock.advance(90_000);
    await streamOf(registry, 'CA1');
    expect(live.sessions).toHaveLength(1);
    await registry.ring(call('CA2'));
    await clock.advance(93_000);
    expect(registry.active).toBe(1);
  });

  test('whose stream went to another process gives its session up at once, and has not failed', async () => {
    const facts = { ...call('CA1'), model: 'gemini-3.8-live', voice: 'Aoede' };
    const { registry, live, closed, metrics } = service({
      store: { look: async () => ({ state: 'running', holder: 'elsewhere', facts }) },
    });
    await registry.ring(call('CA1'));
    await clock.advance(2_900);
    expect(registry.active).toBe(1);
    await clock.advance(300);
    expect([registry.active, closed]).toEqual([0, []]);
    expect(live.sessions[0]!.eventsOf('closed')).toHaveLength(1);
    expect(await metrics.text()).not.toContain('STREAM_NEVER_CAME');
  });

  test('is answered though it rang elsewhere', async () => {
    const { registry, live } = service();
    await streamOf(registry, 'CA1');
    await clock.advance(1_000);
    expect(registry.active).toBe(1);
    expect(live.sessions).toHaveLength(1);
  });

  test('that gets a second stream goes on with that one, and with none after its end', async () => {
    const { registry, transcripts } = service();
    const closed: string[] = [];
    const first = await streamOf(registry, 'CA1', closed);
    await clock.advance(1_000);
    await streamOf(registry, 'CA1');
    expect(closed).toEqual(['CA1']);
    // What still comes of the first one concerns nobody.
    first.ended('lost');
    await clock.advance(1_000);
    expect(registry.active).toBe(1);
    expect(codesOf(transcripts.get('CA1'))).toEqual(['STREAM_LOST', 'STREAM_BACK']);
    await registry.callerGone('CA1', 'completed');
    expect(await codeOf(() => streamOf(registry, 'CA1'))).toBe('STREAM_DUPLICATE');
    expect(registry.active).toBe(0);
  });

  test('of an agent that this process does not have is refused', async () => {
    const { registry } = service();
    expect(await codeOf(() => registry.ring({ ...call('CA1'), agent: 'nobody' }))).toBe('AGENT_UNKNOWN');
  });

  test('beyond the limit is refused, and taken when one has ended', async () => {
    const { registry } = service({ maxCalls: 1 });
    await registry.ring(call('CA1'));
    expect(registry.ready).toBe(false);
    expect(await codeOf(() => registry.ring(call('CA2')))).toBe('SERVICE_FULL');
    await registry.callerGone('CA1', 'busy');
    await registry.ring(call('CA2'));
    expect(registry.active).toBe(1);
  });

  test('ends when nobody has spoken for its limit of silence', async () => {
    const { registry, transcripts } = service();
    await streamOf(registry, 'CA1');
    await clock.advance(130_000);
    expect(registry.active).toBe(0);
    expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'completed', by: 'silence' }]);
    expect(await nextFor(registry, 'CA1')).toBe('hangUp');
  });
});

describe('a place', () => {
  const limits = { calls: 1 };

  test('is held by a call until it has ended', async () => {
    const { registry, slots } = service({ limits });
    await registry.ring(call('CA1'));
    expect(await codeOf(() => registry.ring(call('CA2')))).toBe('AGENT_FULL');
    await registry.callerGone('CA1', 'completed');
    expect(slots.holders('agent:reception')).toEqual([]);
    await registry.ring(call('CA2'));
    expect(slots.holders('agent:reception')).toEqual(['CA2']);
  });

  test('is taken once by a call that is announced and answered at the same time', async () => {
    const { registry, slots, live } = service({ limits });
    await Promise.all([registry.ring(call('CA1')), streamOf(registry, 'CA1'), registry.ring(call('CA1'))]);
    await clock.advance(1_000);
    expect(slots.asked).toEqual(['agent:reception']);
    expect([registry.active, live.sessions.length]).toEqual([1, 1]);
  });

  test('is not asked for twice: a call that rang at another process is answered, whatever is full', async () => {
    const { registry, slots } = service({ limits, maxCalls: 1 });
    await registry.ring(call('CA1'));
    await streamOf(registry, 'CA2');
    expect(registry.active).toBe(2);
    expect(slots.holders('agent:reception')).toEqual(['CA1']);
  });

  test('is given back when the caller is gone before it was got, and the call never begins', async () => {
    const { registry, slots, live } = service({ limits });
    const paused = slots.pause();
    const ringing = codeOf(() => registry.ring(call('CA1')));
    await registry.callerGone('CA1', 'completed');
    paused.resume();
    expect(await ringing).toBe('STREAM_DUPLICATE');
    expect(slots.holders('agent:reception')).toEqual([]);
    expect([registry.active, live.sessions.length]).toEqual([0, 0]);
    expect(await codeOf(() => streamOf(registry, 'CA1'))).toBe('STREAM_DUPLICATE');
  });

  test('is given back when nobody waits for the call any more by the time it is got, and the call never begins', async () => {
    const { registry, slots, live } = service({ limits, maxCalls: 1 });
    const paused = slots.pause();
    const abandoned = new AbortController();
    const ringing = codeOf(() => registry.ring(call('CA1'), abandoned.signal));
    await vi.waitFor(() => expect(slots.asked).toHaveLength(1), 10_000);
    abandoned.abort();
    paused.resume();
    expect(await ringing).toBe('INTERNAL');
    expect(slots.holders('agent:reception')).toEqual([]);
    expect([registry.active, live.sessions.length, registry.ready]).toEqual([0, 0, true]);
  });

  test('is kept when one asker gives up and another waits still', async () => {
    const { registry, slots } = service({ limits });
    const paused = slots.pause();
    const abandoned = new AbortController();
    const first = registry.ring(call('CA1'), abandoned.signal);
    const second = registry.ring(call('CA1'), new AbortController().signal);
    await vi.waitFor(() => expect(slots.asked).toHaveLength(1), 10_000);
    abandoned.abort();
    paused.resume();
    expect(await Promise.all([first, second])).toMatchObject([{ do: 'connect' }, { do: 'connect' }]);
    expect(slots.holders('agent:reception')).toEqual(['CA1']);
    expect(registry.active).toBe(1);
  });

  test('is the call’s own when a late ring of it is given up', async () => {
    let answer: (known: Known) => void = () => undefined;
    let asked = 0;
    const look = (): Promise<Known> =>
      ++asked === 1 ? new Promise((resolve) => (answer = resolve)) : Promise.resolve({ state: 'unknown' });
    const { registry, slots } = service({ limits, maxCalls: 1, store: { look } });
    const abandoned = new AbortController();
    const late = codeOf(() => registry.ring(call('CA1'), abandoned.signal));
    await registry.ring(call('CA1'));
    abandoned.abort();
    answer({ state: 'unknown' });
    expect(await late).toBe('INTERNAL');
    expect([registry.active, registry.ready]).toEqual([1, false]);
    expect(slots.holders('agent:reception')).toEqual(['CA1']);
  });

  test('is given back when the process was told to stop meanwhile', async () => {
    const { registry, slots } = service({ limits });
    const paused = slots.pause();
    const ringing = codeOf(() => registry.ring(call('CA1')));
    const drained = registry.drain(0);
    paused.resume();
    expect(await ringing).toBe('SERVICE_DRAINING');
    expect(slots.holders('agent:reception')).toEqual([]);
    await clock.advance(100);
    await drained;
  });
});

test('a stream that brings nothing for ten seconds is closed, so that the provider opens another; the call waits for it', async () => {
  const { registry, transcripts, metrics } = service();
  const closed: string[] = [];
  await streamOf(registry, 'CA1', closed, { isDead: true });
  await clock.advance(9_900);
  expect(closed).toEqual([]);
  await clock.advance(200);
  expect(closed).toEqual(['CA1']);
  expect(codesOf(transcripts.get('CA1'))).toEqual(['STREAM_SILENT']);
  expect(await metrics.text()).toContain('callbridge_failures_total{code="STREAM_SILENT",fault="provider"} 1');
  await streamOf(registry, 'CA1');
  await clock.advance(30_000);
  expect(registry.active).toBe(1);
  expect(codesOf(transcripts.get('CA1'))).toEqual(['STREAM_SILENT', 'STREAM_BACK']);
});

test('a second stream that brings nothing either is the last one: the caller gets the goodbye', async () => {
  const { registry, transcripts } = service();
  for (const _stream of [1, 2]) {
    await streamOf(registry, 'CA1', [], { isDead: true });
    await clock.advance(10_100);
  }
  expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'failed', fault: 'provider', code: 'STREAM_SILENT' }]);
  expect(await nextFor(registry, 'CA1')).toBe('fallback');
});

/** The agent has keys pressed as the first thing that it does. */
async function keysPressing() {
  const toolbox = new Toolbox({ clock: new ManualClock() });
  return {
    tools: [await toolbox.open({ kind: 'sendDigits', name: 'send_digits', description: 'Presses keys.' })],
    model: { turns: [{ on: 'greeting' as const, calls: [{ name: 'send_digits', args: { digits: '1wwww' } }] }] },
  };
}

test('while the agent has keys pressed, nobody has the provider come back; who stays away after that is looked for', async () => {
  const notes = createLocalNotes(new ManualClock());
  const shared = new SharedKeys(notes);
  const { registry, transcripts } = service({ ...(await keysPressing()), notes });
  const closed: string[] = [];
  await streamOf(registry, 'CA1', closed);
  await clock.advance(2_000);
  expect([closed, await shared.of('CA1')]).toEqual([['CA1'], '1wwww']);
  const next = { do: 'connect', call: { keysPressed: true }, keys: '1wwww' };
  expect(await registry.afterStream(call('CA1'))).toMatchObject(next);
  // That answer did not arrive.
  expect(await registry.afterStream(call('CA1'))).toMatchObject(next);
  await clock.advance(4_000);
  expect(redirected).toEqual([]);
  await clock.advance(5_000);
  expect(redirected).toHaveLength(1);
  await streamOf(registry, 'CA1', [], { keysPressed: true });
  await clock.advance(1_000);
  expect(answersOf(transcripts.get('CA1'))).toMatchObject([{ status: 'ok' }]);
  // The keys are pressed once.
  expect(await shared.of('CA1')).toBeUndefined();
  expect(await registry.afterStream(call('CA1'))).not.toHaveProperty('keys');
});

test('keys that were not pressed on the way to the next stream are not said to be', async () => {
  const { registry, transcripts } = service(await keysPressing());
  await streamOf(registry, 'CA1');
  await clock.advance(2_000);
  await streamOf(registry, 'CA1');
  await clock.advance(1_000);
  expect(answersOf(transcripts.get('CA1'))).toMatchObject([{ status: 'not_pressed', retryable: true }]);
  expect(await registry.afterStream(call('CA1'))).not.toHaveProperty('keys');
});

describe('keys that the agent has pressed from another process', () => {
  const facts = { ...call('CA1'), model: 'gemini-3.8-live', voice: 'Aoede' };
  const earlier: Entry[] = [
    { type: 'began', at: BEGAN_MS, version: 1, call: facts },
    { type: 'answered', at: BEGAN_MS },
    { type: 'greeted', at: BEGAN_MS },
    { type: 'line', at: BEGAN_MS + 2_000, turn: 1, line: lineOf('caller', 'For sales, press one.') },
    { type: 'toolCalled', at: BEGAN_MS + 3_000, id: 'c1', name: 'send_digits', args: { digits: '1wwww' } },
  ];

  test('are pressed when this one is asked, however often, until the other side is back', async () => {
    const notes = createLocalNotes(new ManualClock());
    const shared = new SharedKeys(notes);
    const look = async (): Promise<Known> => ({ state: 'running', holder: 'elsewhere', facts });
    const { registry } = service({ store: { look }, notes });
    await shared.share('CA1', '1wwww');
    const next = { do: 'connect', call: { callId: 'CA1', keysPressed: true }, keys: '1wwww' };
    expect(await registry.afterStream(call('CA1'))).toMatchObject(next);
    expect(await registry.afterStream(call('CA1'))).toMatchObject(next);
    await shared.takeBack('CA1');
    const without = await registry.afterStream(call('CA1'));
    expect([without.do, 'keys' in without]).toEqual(['connect', false]);
  });

  test.each([
    ['were pressed on the way here', true, { status: 'ok' }],
    ['were not, for nobody knew of them', false, { status: 'not_pressed', retryable: true }],
  ])('are told of, once, by the process in which the other side is back: %s', async (_what, keysPressed, answer) => {
    const notes = createLocalNotes(new ManualClock());
    const { tools } = await keysPressing();
    const store = { take: async () => ({ entries: earlier }) };
    const { registry, live, transcripts } = service({ tools, notes, store });
    const shared = new SharedKeys(notes);
    await shared.share('CA1', '1wwww');
    await streamOf(registry, 'CA1', [], { keysPressed });
    await streamOf(registry, 'CA1');
    await clock.advance(5_000);
    expect(answersOf(transcripts.get('CA1'))).toMatchObject([answer]);
    const texts = live.sessions[0]!.eventsOf('textReceived').map(({ text }) => text);
    expect(texts.filter((text) => text.includes(`"status":"${answer.status}"`))).toHaveLength(1);
    // Whoever listens to what the keys lead to does not answer what was said before.
    expect(texts.some((text) => text.includes('Answer what the caller said last'))).toBe(!keysPressed);
    expect(await shared.of('CA1')).toBeUndefined();
  });
});

describe('a call that was ended here', () => {
  const ended = async (control: Partial<CallControl>) => {
    const given = service({ limits: { callMs: 5_000 }, control });
    const closed: string[] = [];
    await streamOf(given.registry, 'CA1', closed);
    await clock.advance(20_000);
    expect(closed).toEqual(['CA1']);
    return given;
  };
  const hangUps = async ({ metrics }: Awaited<ReturnType<typeof ended>>) =>
    /callbridge_hang_ups_total\{result="(\w+)"\} 1/.exec(await metrics.text())?.[1];

  test('is ended at the provider as well, which says so by its status callback', async () => {
    const asked: string[] = [];
    const given = await ended({
      hangUp: async (callId) => {
        asked.push(callId);
        return 'done';
      },
    });
    expect(asked).toEqual(['CA1']);
    await given.registry.callerGone('CA1', 'completed');
    await clock.advance(30_000);
    expect(await hangUps(given)).toBe('confirmed');
    expect(outcomeOf(given.transcripts.get('CA1'))).toEqual([{ kind: 'completed', by: 'timeLimit' }]);
  });

  test('is hung up when the provider asks what comes next, where its REST API fails', async () => {
    const given = await ended({ hangUp: () => Promise.reject(new Failure('PROVIDER_REST', 'no')) });
    expect(await nextFor(given.registry, 'CA1')).toBe('hangUp');
    expect(await hangUps(given)).toBe('confirmed');
    expect(await given.metrics.text()).toContain('callbridge_failures_total{code="PROVIDER_REST",fault="provider"} 1');
  });

  test('of which the provider says nothing more, is told to whoever looks after the service', async () => {
    const given = await ended({});
    await clock.advance(10_000);
    expect(await hangUps(given)).toBe('unconfirmed');
  });
});

describe('the limits of a call', () => {
  const LONG_GREETING: ScenarioInput = {
    turns: [{ on: 'greeting', says: 'Hm', sound: { toneHz: 440, lengthMs: 8_000 } }],
  };

  test('are told to the agent a minute before, once, in a moment in which nobody speaks', async () => {
    const { registry, live } = service({ limits: { callMs: 150_000, silenceMs: 600_000 }, model: LONG_GREETING });
    await streamOf(registry, 'CA1');
    const told = () =>
      live.sessions[0]?.eventsOf('textReceived').filter(({ text }) => text.includes('one minute more')).length;
    await clock.advance(89_000);
    expect(told()).toBe(0);
    await clock.advance(2_000);
    expect(told()).toBe(1);
    await clock.advance(40_000);
    expect(told()).toBe(1);
  });

  test('end it at its length, after what is being said', async () => {
    const { registry, transcripts } = service({ limits: { callMs: 5_000 } });
    await streamOf(registry, 'CA1');
    await clock.advance(4_900);
    expect(registry.active).toBe(1);
    await clock.advance(40_000);
    expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'completed', by: 'timeLimit' }]);
  });

  test('end it at its length from when it was answered, in whichever process', async () => {
    const answeredMs = new ManualClock().nowMs() - 100_000;
    const facts = { ...call('CA1'), model: 'gemini-3.8-live', voice: 'Aoede' };
    const earlier: Entry[] = [
      { type: 'began', at: answeredMs, version: 1, call: facts },
      { type: 'answered', at: answeredMs },
    ];
    const given = service({
      limits: { callMs: 300_000, silenceMs: 600_000 },
      store: { take: async () => ({ entries: earlier }) },
    });
    await streamOf(given.registry, 'CA1');
    await clock.advance(199_000);
    expect(given.registry.active).toBe(1);
    await clock.advance(40_000);
    expect(outcomeOf(given.transcripts.get('CA1'))).toEqual([{ kind: 'completed', by: 'timeLimit' }]);
  });

  test('count silence from the last voice of the caller', async () => {
    const { registry } = service({ limits: { silenceMs: 10_000 }, model: { turns: [], fallbackTurn: {} } });
    const stream = await streamOf(registry, 'CA1');
    await clock.advance(8_000);
    const voice = tone({ hz: 440, lengthMs: 400, dbov: -15 }, 8000);
    stream.audio(g711('ulaw').encode(voice), undefined, 0);
    await clock.advance(8_000);
    expect(registry.active).toBe(1);
    await clock.advance(4_000);
    expect(registry.active).toBe(0);
  });

  test('count silence from the end of what the agent says', async () => {
    const { registry } = service({ limits: { silenceMs: 5_000 }, model: LONG_GREETING });
    await streamOf(registry, 'CA1');
    await clock.advance(12_500);
    expect(registry.active).toBe(1);
    await clock.advance(4_000);
    expect(registry.active).toBe(0);
  });

  test('end it in silence though the model never completes its turn', async () => {
    const model: ScenarioInput = {
      turns: [{ on: 'greeting', says: 'One two three', fault: { kind: 'stall', afterMs: 100 } }],
    };
    const { registry } = service({ limits: { silenceMs: 10_000 }, model });
    await streamOf(registry, 'CA1');
    await clock.advance(60_000);
    expect(registry.active).toBe(0);
  });
});

test('a defect in what a call does ends that call, and leaves nothing behind', async () => {
  const { registry, closed } = service({
    openLive: () => {
      throw new TypeError('a defect');
    },
  });
  await registry.ring(call('CA1'));
  expect(registry.active).toBe(0);
  expect(closed).toEqual(['CA1']);
  expect(await nextFor(registry, 'CA1')).toBe('fallback');
});

test('an ordinary end is nothing unexpected', async () => {
  const { registry, metrics } = service({ limits: { callMs: 2_000 } });
  await streamOf(registry, 'CA1');
  await clock.advance(45_000);
  expect(registry.active).toBe(0);
  expect(await metrics.text()).not.toMatch(/^callbridge_unexpected_events_total\{/m);
});

describe('what follows a stream', () => {
  test('that broke is another one: the call waits for it, with its session', async () => {
    const { registry, live, transcripts } = service();
    const stream = await streamOf(registry, 'CA1');
    await clock.advance(3_000);
    stream.ended('lost');
    expect(await nextFor(registry, 'CA1')).toBe('connect');
    await clock.advance(1_000);
    await streamOf(registry, 'CA1');
    await clock.advance(1_000);
    expect(registry.active).toBe(1);
    expect(live.sessions).toHaveLength(1);
    expect(codesOf(transcripts.get('CA1'))).toEqual(['STREAM_LOST', 'STREAM_BACK']);
    expect(redirected).toEqual([]);
  });

  test('that broke without our knowing is another one as well', async () => {
    const { registry } = service();
    const closed: string[] = [];
    await streamOf(registry, 'CA1', closed);
    expect(await registry.afterStream({ ...call('CA1'), agent: 'unknown' })).toEqual({
      do: 'connect',
      call: call('CA1'),
    });
    expect(closed).toEqual(['CA1']);
    expect(registry.active).toBe(1);
  });

  test('that breaks again and again is the goodbye', async () => {
    const { registry, transcripts } = service();
    for (let breaks = 1; breaks <= 5; breaks++) {
      (await streamOf(registry, 'CA1')).ended('lost');
      expect(await nextFor(registry, 'CA1')).toBe('connect');
    }
    (await streamOf(registry, 'CA1')).ended('lost');
    expect(await nextFor(registry, 'CA1')).toBe('fallback');
    expect(outcomeOf(transcripts.get('CA1'))).toMatchObject([{ kind: 'failed', code: 'STREAM_LOST' }]);
  });

  test('that holds for a minute begins a new count', async () => {
    const { registry } = service();
    for (let breaks = 1; breaks <= 8; breaks++) {
      const stream = await streamOf(registry, 'CA1');
      if (breaks === 4) await clock.advance(61_000);
      stream.ended('lost');
      expect(await nextFor(registry, 'CA1')).toBe('connect');
    }
  });

  test('that nobody asks about is asked for, once, and the call ends when nobody comes', async () => {
    const { registry, transcripts } = service();
    (await streamOf(registry, 'CA1')).ended('lost');
    await clock.advance(1_900);
    expect(redirected).toEqual([]);
    await clock.advance(17_000);
    expect(redirected).toEqual(['CA1 https://callbridge.example/twilio/stream-ended']);
    await clock.advance(25_000);
    expect(registry.active).toBe(0);
    expect(outcomeOf(transcripts.get('CA1'))).toMatchObject([
      { kind: 'failed', fault: 'provider', code: 'STREAM_LOST' },
    ]);
  });

  test('that came by itself, and that the provider then stops as it was asked to, is one more', async () => {
    let answer: (result: 'done') => void = () => undefined;
    const { registry } = service({ control: { redirect: () => new Promise((resolve) => (answer = resolve)) } });
    const { ended } = await streamOf(registry, 'CA1');
    await clock.advance(1_000);
    ended('lost');
    await clock.advance(2_500);
    const back = await streamOf(registry, 'CA1');
    answer('done');
    back.ended('stopped');
    expect(await nextFor(registry, 'CA1')).toBe('connect');
    const again = await streamOf(registry, 'CA1');
    await clock.advance(7_000);
    again.ended('stopped');
    await clock.advance(1);
    expect(registry.active).toBe(0);
  });

  test('that the provider asks for by itself while it is being asked for is no end either when it stops then', async () => {
    let answer: (result: 'done') => void = () => undefined;
    const { registry } = service({ control: { redirect: () => new Promise((resolve) => (answer = resolve)) } });
    const { ended } = await streamOf(registry, 'CA1');
    await clock.advance(1_000);
    ended('lost');
    await clock.advance(2_500);
    expect(await nextFor(registry, 'CA1')).toBe('connect');
    const back = await streamOf(registry, 'CA1');
    answer('done');
    back.ended('stopped');
    expect(await nextFor(registry, 'CA1')).toBe('connect');
  });

  test('that came by itself is asked for no more, and may stop for as long as the last try takes', async () => {
    const tries: (AbortSignal | undefined)[] = [];
    const { registry } = service({
      control: {
        redirect: (_callId, _url, unwanted) => {
          tries.push(unwanted);
          return new Promise(() => undefined);
        },
      },
    });
    const { ended } = await streamOf(registry, 'CA1');
    await clock.advance(1_000);
    ended('lost');
    // A second try is under way by then.
    await clock.advance(2_000 + 6_000);
    expect(tries.map((unwanted) => unwanted?.aborted)).toEqual([false]);
    const back = await streamOf(registry, 'CA1');
    expect(tries.map((unwanted) => unwanted?.aborted)).toEqual([true]);
    await clock.advance(6_000);
    back.ended('stopped');
    expect(await nextFor(registry, 'CA1')).toBe('connect');
    const again = await streamOf(registry, 'CA1');
    await clock.advance(7_500);
    again.ended('stopped');
    await clock.advance(1);
    expect(registry.active).toBe(0);
  });

  test('that is stopped while other processes cannot be heard of may be theirs to stop: the call waits, as for a broken one', async () => {
    const { registry, transcripts } = service({ store: { away: true } });
    (await streamOf(registry, 'CA1')).ended('stopped');
    expect(await nextFor(registry, 'CA1')).toBe('connect');
    expect(codesOf(transcripts.get('CA1'))).toEqual(['STREAM_LOST']);
    await streamOf(registry, 'CA1');
    await clock.advance(1_000);
    expect(registry.active).toBe(1);
  });

  test('that is stopped while other processes cannot be heard of is the end as soon as the provider says so', async () => {
    const { registry, transcripts } = service({
      store: { away: true },
      control: { redirect: () => Promise.resolve('over') },
    });
    (await streamOf(registry, 'CA1')).ended('stopped');
    await registry.callerGone('CA1', 'completed');
    (await streamOf(registry, 'CA2')).ended('stopped');
    expect(registry.active).toBe(1);
    await clock.advance(2_500);
    expect(registry.active).toBe(0);
    for (const callId of ['CA1', 'CA2']) {
      expect(outcomeOf(transcripts.get(callId))).toEqual([{ kind: 'callerGone' }]);
    }
  });

  test('that has what the agent said when the last one broke is heard to its end before the agent is asked to speak', async () => {
    const patience = { answerMs: 1_000, stallMs: 1_000, nudgeMs: 4_000, resumeMs: 4_000, afreshMs: 4_000 };
    const wav = join(import.meta.dirname, '../../../fixtures/audio/agent-greeting.wav');
    const { registry, transcripts } = service({
      patience,
      model: { turns: [{ on: 'greeting', says: 'Good morning.', sound: { wav } }] },
    });
    (await streamOf(registry, 'CA1')).ended('lost');
    await clock.advance(10_000);
    await streamOf(registry, 'CA1');
    // The greeting lasts 3.7 s.
    await clock.advance(4_500);
    expect(codesOf(transcripts.get('CA1'))).not.toContain('LIVE_MUTE');
    await clock.advance(500);
    expect(codesOf(transcripts.get('CA1'))).toContain('LIVE_MUTE');
  });

  test('of a caller who is not there any more, as the provider says when asked, is nothing', async () => {
    const { registry, transcripts } = service({ control: { redirect: () => Promise.resolve('over') } });
    (await streamOf(registry, 'CA1')).ended('lost');
    await clock.advance(2_500);
    expect(registry.active).toBe(0);
    expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'callerGone' }]);
  });

  test('of a call that another process ended is what that one wrote down', async () => {
    const look = async (callId: string): Promise<Known> => ({
      state: 'ended',
      answer:
        callId === 'CA1'
          ? '{"do":"fallback","agent":"reception","heard":true}'
          : callId === 'CA2'
            ? '{"do":"hangUp"}'
            : '{',
    });
    const { registry } = service({ store: { look } });
    expect(await registry.afterStream(call('CA1'))).toEqual({ do: 'fallback', agent: 'reception', heard: true });
    expect(await nextFor(registry, 'CA2')).toBe('hangUp');
    // What cannot be read is taken for a failure: better an apology too many than a caller left in silence.
    expect(await nextFor(registry, 'CA3')).toBe('fallback');
  });

  test('of a call whose process is gone is another stream here, and elsewhere when this process stops', async () => {
    const facts = { ...call('CA1'), sipHeaders: {}, model: 'm', voice: 'v' };
    const { registry } = service({ store: { look: async () => ({ state: 'running', holder: 'dead', facts }) } });
    expect(await registry.afterStream({ ...call('CA1'), agent: '' })).toEqual({ do: 'connect', call: call('CA1') });
    const drained = registry.drain(0);
    expect(await nextFor(registry, 'CA1')).toBe('askElsewhere');
    await clock.advance(200);
    await drained;
  });

  test('is the apology again when the caller did not hear it to its end', async () => {
    const { registry } = service({ model: { faults: [{ kind: 'quota', sessions: 0 }] } });
    const stream = await streamOf(registry, 'CA1');
    await clock.advance(1_000);
    stream.ended('lost');
    expect(await nextFor(registry, 'CA1')).toBe('fallback');
  });

  test('of a call that only rang here, and whose stream went elsewhere, is what the store knows', async () => {
    const facts = { ...call('CA1'), sipHeaders: {}, model: 'm', voice: 'v' };
    const { registry } = service({ store: { look: async () => ({ state: 'running', holder: 'dead', facts }) } });
    await registry.ring(call('CA1'));
    await clock.advance(32_000);
    expect(registry.active).toBe(0);
    expect(await nextFor(registry, 'CA1')).toBe('connect');
  });

  test('that comes a second time during the goodbye is closed, and the provider is told the rest', async () => {
    const { registry } = service({ model: { faults: [{ kind: 'quota', sessions: 0 }] } });
    await streamOf(registry, 'CA1');
    await clock.advance(1_000);
    const closed: string[] = [];
    await streamOf(registry, 'CA1', closed);
    expect(closed).toEqual(['CA1']);
    expect(await nextFor(registry, 'CA1')).toBe('fallback');
  });

  test('is hanging up when the caller hung up', async () => {
    const { registry } = service();
    (await streamOf(registry, 'CA1')).ended('stopped');
    await clock.advance(1);
    expect(await nextFor(registry, 'CA1')).toBe('hangUp');
  });

  test('is an apology for a call that nobody knows of', async () => {
    expect(await nextFor(service().registry, 'CA9')).toBe('fallback');
  });
});

describe('a caller whose agent is gone for good and has no words for the stream', () => {
  const denied = {
    faults: [{ kind: 'close', atMs: 3_000, code: 1008, reason: 'Your project has been denied access.' }],
  } as const satisfies ScenarioInput;

  test('is led to what follows the stream at once, and the record has them told nothing', async () => {
    const { registry, transcripts } = service({ sayNothing: true, model: { ...denied, turns: [], fallbackTurn: {} } });
    const closed: string[] = [];
    await streamOf(registry, 'CA1', closed);
    await clock.advance(2_900);
    expect(closed).toEqual([]);
    await clock.advance(500);
    expect(closed).toEqual(['CA1']);
    expect(await registry.afterStream(call('CA1'))).toEqual({ do: 'fallback', agent: 'reception', heard: false });
    expect(transcripts.get('CA1')?.some(({ type }) => type === 'line' || type === 'speaking')).toBe(false);
  });

  test('is waited for when the stream has not come yet', async () => {
    const { registry, transcripts } = service({
      sayNothing: true,
      model: { faults: [{ kind: 'quota', sessions: 0 }] },
    });
    await registry.ring(call('CA1'));
    await clock.advance(5_000);
    const closed: string[] = [];
    await streamOf(registry, 'CA1', closed);
    await clock.advance(200);
    expect(closed).toEqual(['CA1']);
    expect(await nextFor(registry, 'CA1')).toBe('fallback');
    expect(outcomeOf(transcripts.get('CA1'))).toMatchObject([{ kind: 'failed', code: 'LIVE_QUOTA' }]);
  });

  test('is asked for when the stream was lost as well, and nobody brings them back', async () => {
    const { registry } = service({ sayNothing: true, model: { ...denied, turns: [], fallbackTurn: {} } });
    const stream = await streamOf(registry, 'CA1');
    await clock.advance(2_500);
    stream.ended('lost');
    await clock.advance(2_500);
    expect(redirected).toEqual(['CA1 https://callbridge.example/twilio/stream-ended']);
    expect(await registry.afterStream(call('CA1'))).toEqual({ do: 'fallback', agent: 'reception', heard: false });
    expect(registry.active).toBe(0);
  });

  test('is given up when no stream comes within half a minute', async () => {
    const { registry } = service({ sayNothing: true, model: { faults: [{ kind: 'quota', sessions: 0 }] } });
    await registry.ring(call('CA1'));
    await clock.advance(29_000);
    expect(registry.active).toBe(1);
    await clock.advance(10_000);
    expect(registry.active).toBe(0);
  });
});

describe('a call of a dead process', () => {
  const facts = { ...call('CA1'), sipHeaders: {}, model: 'gemini-3.8-live', voice: 'Aoede' };

  test('is asked for by the provider, unless it has come back by itself', async () => {
    let holder: 'dead' | 'here' = 'dead';
    const { registry } = service({ store: { look: async () => ({ state: 'running', holder, facts }) } });
    registry.orphaned('CA1', facts);
    await clock.advance(2_500);
    expect(redirected).toEqual(['CA1 https://callbridge.example/twilio/stream-ended']);
    holder = 'here';
    await clock.advance(60_000);
    registry.orphaned('CA1', facts);
    await clock.advance(2_500);
    expect(redirected).toHaveLength(1);
  });

  test('is not asked for by a process that stops meanwhile', async () => {
    const { registry } = service({ store: { look: async () => ({ state: 'running', holder: 'dead', facts }) } });
    registry.orphaned('CA1', facts);
    registry.close();
    await clock.advance(2_500);
    expect(redirected).toEqual([]);
  });

  test('whose other side is away for keys is not asked for before they are pressed', async () => {
    const notes = createLocalNotes(new ManualClock());
    const { registry } = service({
      notes,
      store: { look: async () => ({ state: 'running', holder: 'dead', facts }) },
    });
    await new SharedKeys(notes).share('CA1', '1234567890#');
    registry.orphaned('CA1', facts);
    await clock.advance(7_000);
    expect(redirected).toEqual([]);
    await clock.advance(1_000);
    expect(redirected).toHaveLength(1);
  });

  test('goes on with its session, knows its past, and does not greet again', async () => {
    const earlier: Entry[] = [
      { type: 'began', at: BEGAN_MS, version: 1, call: facts },
      { type: 'answered', at: BEGAN_MS },
      { type: 'greeted', at: BEGAN_MS },
      { type: 'speaking', at: BEGAN_MS + 500, turn: 1 },
      { type: 'line', at: BEGAN_MS + 2_000, turn: 1, line: lineOf('agent', 'Good morning.') },
      { type: 'line', at: BEGAN_MS + 5_000, line: lineOf('caller', 'A table for two, please.') },
    ];
    const { registry, live, transcripts, metrics } = service({ store: { take: async () => ({ entries: earlier }) } });
    await streamOf(registry, 'CA1');
    await clock.advance(3_000);
    const texts = live.sessions[0]!.eventsOf('textReceived').map(({ text }) => text);
    expect(texts).toEqual([expect.stringMatching(/^\[The connection broke for a moment\. Answer/)]);
    const context = live.sessions[0]!.eventsOf('contextReceived').map(({ text }) => text);
    expect(context).toEqual(['Good morning.', 'A table for two, please.']);
    // Turns count on, so that one record holds them all.
    expect(transcripts.get('CA1')).toContainEqual(expect.objectContaining({ type: 'speaking', turn: 2 }));
    expect(await metrics.text()).toContain('callbridge_calls_taken_up_total{because="PROCESS_DIED"} 1');
  });

  test.each([
    ['asks for keys again that it cannot know', { interDigitMs: 2_000, maxDigits: 6, secret: true }, true],
    ['says nothing of keys that no tool is to have', undefined, false],
  ])('%s', async (_what, keys, told) => {
    const earlier: Entry[] = [
      { type: 'began', at: BEGAN_MS, version: 1, call: facts },
      { type: 'answered', at: BEGAN_MS },
      { type: 'greeted', at: BEGAN_MS },
      { type: 'line', at: BEGAN_MS + 2_000, turn: 1, line: lineOf('agent', 'Your code, please.') },
      { type: 'line', at: BEGAN_MS + 5_000, line: { ...lineOf('caller', '•'), kind: 'digits' } },
    ];
    const check: Tool = {
      declaration: { name: 'check', description: 'Checks the code.' },
      deadlineMs: 5_000,
      sideEffect: false,
      mayRepeat: true,
      check: () => undefined,
      run: async () => ({ status: 'ok', retryable: false, message: 'Done.' }),
    };
    const { registry, live } = service({ keys, tools: [check], store: { take: async () => ({ entries: earlier }) } });
    await streamOf(registry, 'CA1');
    await clock.advance(3_000);
    const texts = live.sessions[0]!.eventsOf('textReceived').map(({ text }) => text);
    expect(texts).toEqual([expect.stringMatching(/^\[The connection broke for a moment\. Answer/)]);
    expect(texts[0]!.includes('ask them to enter it again')).toBe(told);
  });

  test('tells the model that tools were interrupted, and does nothing again that was done', async () => {
    let runs = 0;
    const toolOf = (name: string, sideEffect: boolean): Tool => ({
      declaration: { name, description: name },
      deadlineMs: 5_000,
      sideEffect,
      mayRepeat: !sideEffect,
      check: () => undefined,
      run: async () => {
        runs += 1;
        return { status: 'ok', retryable: false, message: 'Done again.' };
      },
    });
    const called = (id: string, name: string): Entry => ({
      type: 'toolCalled',
      at: BEGAN_MS + 3_000,
      id,
      name,
      args: {},
    });
    const answer = { status: 'ok', retryable: false, message: 'Done.' };
    const earlier: Entry[] = [
      { type: 'began', at: BEGAN_MS, version: 1, call: facts },
      { type: 'answered', at: BEGAN_MS },
      { type: 'greeted', at: BEGAN_MS },
      { type: 'line', at: BEGAN_MS + 2_000, turn: 1, line: lineOf('agent', 'Good morning.') },
      called('c1', 'look'),
      called('c2', 'book'),
      called('c3', 'order'),
      { type: 'toolAnswered', at: BEGAN_MS + 3_500, id: 'c3', name: 'order', answer },
    ];
    const { registry, live, transcripts } = service({
      tools: [toolOf('look', false), toolOf('book', true), toolOf('order', true)],
      model: { turns: [{ on: 'text', calls: [{ name: 'order' }] }] },
      store: { take: async () => ({ entries: earlier }) },
    });
    await streamOf(registry, 'CA1');
    await clock.advance(5_000);
    const settled = transcripts.get('CA1')!.flatMap((entry) => (entry.type === 'toolAnswered' ? [entry] : []));
    expect(settled).toMatchObject([
      { id: 'c1', answer: { status: 'interrupted', retryable: true } },
      { id: 'c2', answer: { status: 'interrupted', retryable: false } },
      { name: 'order', answer: { ...answer, repeated: true } },
    ]);
    expect(runs).toBe(0);
    // The session is a new one, and does not know the calls.
    const texts = live.sessions[0]!.eventsOf('textReceived').map(({ text }) => text);
    expect(texts.slice(0, 2)).toEqual([
      expect.stringContaining('you called look with {}. Its result: {"status":"interrupted","retryable":true'),
      expect.stringContaining('you called book with {}. Its result: {"status":"interrupted","retryable":false'),
    ]);
  });

  test.each([
    ['that goes on in another process is left to that one', 'taken'],
    ['that is over is settled', 'callerGone'],
  ])('a tool that runs in a call %s', async (_what, how) => {
    let stopped = 0;
    const look: Tool = {
      declaration: { name: 'look', description: 'Looks.' },
      deadlineMs: 50_000,
      sideEffect: false,
      mayRepeat: true,
      check: () => undefined,
      run: (_args, _context, signal) =>
        new Promise(() =>
          signal.addEventListener('abort', () => {
            stopped += 1;
          }),
        ),
    };
    const { registry, transcripts } = service({
      tools: [look],
      model: { turns: [{ on: 'greeting', calls: [{ name: 'look' }] }] },
    });
    await streamOf(registry, 'CA1');
    await clock.advance(3_000);
    if (how === 'taken') registry.taken('CA1');
    else await registry.callerGone('CA1', 'completed');
    await clock.advance(1_000);
    const answers = transcripts.get('CA1')!.flatMap((entry) => (entry.type === 'toolAnswered' ? [entry.answer] : []));
    expect(answers).toMatchObject(how === 'taken' ? [] : [{ status: 'aborted' }]);
    expect(transcripts.get('CA1')).toContainEqual(expect.objectContaining({ type: 'toolCalled', name: 'look' }));
    expect(stopped).toBe(1);
  });

  test('which rang here as well goes on as it was, and not as what was prepared', async () => {
    const earlier: Entry[] = [
      { type: 'began', at: BEGAN_MS, version: 1, call: facts },
      { type: 'answered', at: BEGAN_MS },
      { type: 'greeted', at: BEGAN_MS },
      { type: 'line', at: BEGAN_MS + 2_000, turn: 1, line: lineOf('agent', 'Good morning.') },
    ];
    const { registry, live, closed } = service({ store: { take: async () => ({ entries: earlier }) } });
    await registry.ring(call('CA1'));
    await clock.advance(1_000);
    await streamOf(registry, 'CA1');
    await clock.advance(2_000);
    expect(registry.active).toBe(1);
    expect(closed).toEqual([]);
    // The prepared session greeted nobody who could hear it; the call's own does not greet again.
    expect(live.sessions.map((session) => session.eventsOf('textReceived').length)).toEqual([1, 0]);
    expect(live.sessions[0]!.eventsOf('closed')).toHaveLength(1);
  });

  test('may be stopped once more for as long as the process that had it goes on asking', async () => {
    const earlier: Entry[] = [
      { type: 'began', at: BEGAN_MS, version: 1, call: facts },
      { type: 'answered', at: BEGAN_MS },
    ];
    const { registry } = service({ store: { take: async () => ({ entries: earlier }) } });
    const { ended } = await streamOf(registry, 'CA1');
    await clock.advance(17_500);
    ended('stopped');
    expect(await nextFor(registry, 'CA1')).toBe('connect');
    const again = await streamOf(registry, 'CA1');
    await clock.advance(2_000);
    again.ended('stopped');
    await clock.advance(1);
    expect(registry.active).toBe(0);
  });

  test('of which the store does not tell in time begins as a new one', async () => {
    const { registry, live } = service({ store: { take: () => new Promise(() => undefined) } });
    const answered = streamOf(registry, 'CA1');
    await clock.advance(1_600);
    await answered;
    await clock.advance(1_000);
    expect(live.sessions[0]!.eventsOf('textReceived')).toHaveLength(1);
  });

  test('begins once, though two streams of it come at the same time', async () => {
    const { registry, live } = service();
    await Promise.all([streamOf(registry, 'CA1'), streamOf(registry, 'CA1')]);
    await clock.advance(1_000);
    expect([registry.active, live.sessions.length]).toEqual([1, 1]);
  });

  test('whose caller hangs up meanwhile is settled', async () => {
    const ended: string[] = [];
    const { registry } = service({
      store: {
        look: async () => ({ state: 'running', holder: 'dead', facts }),
        end: async (callId, answer) => void ended.push(`${callId} ${answer}`),
      },
    });
    await registry.callerGone('CA1', 'completed');
    await clock.advance(10);
    expect(ended).toEqual(['CA1 {"do":"hangUp"}']);
  });

  test('whose caller hangs up when it was taken, and is not in yet, has its record made here', async () => {
    const earlier: Entry[] = [
      { type: 'began', at: BEGAN_MS, version: 1, call: facts },
      { type: 'answered', at: BEGAN_MS },
    ];
    const { registry, transcripts, closed, slots } = service({
      limits: { calls: 1 },
      store: { take: async () => ({ entries: earlier }) },
    });
    const paused = slots.pause();
    const answering = codeOf(() => streamOf(registry, 'CA1'));
    await clock.advance(10);
    await registry.callerGone('CA1', 'completed');
    paused.resume();
    expect(await answering).toBe('STREAM_DUPLICATE');
    expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'callerGone' }]);
    expect([closed, slots.holders('agent:reception')]).toEqual([['CA1'], []]);
  });

  test('that nobody knows anything of is let go again by a process that stops', async () => {
    const released: string[] = [];
    const { registry } = service({ store: { release: async (callId) => void released.push(callId) } });
    const drained = registry.drain(0);
    expect(await codeOf(() => streamOf(registry, 'CA1'))).toBe('SERVICE_DRAINING');
    expect(released).toEqual(['CA1']);
    await clock.advance(100);
    await drained;
  });
});

test('of a call that is taken while its stream is broken, the turn that was being heard is known to whoever takes it', async () => {
  const { registry, transcripts } = service({
    model: {
      turns: [{ on: 'greeting', says: 'Good morning, how can I help?', sound: { toneHz: 440, lengthMs: 4_000 } }],
    },
  });
  const { ended, markReached } = await streamOf(registry, 'CA1');
  await clock.advance(3_500);
  // After two seconds of it.
  markReached('0:9');
  ended('lost');
  expect(transcripts.get('CA1')).toContainEqual(
    expect.objectContaining({ type: 'heard', turn: 1, line: expect.objectContaining({ cut: true }) }),
  );
  registry.taken('CA1');
});

test('a call that another process has taken is let go, without an outcome', async () => {
  const { registry, transcripts, closed } = service();
  const closedStreams: string[] = [];
  await streamOf(registry, 'CA1', closedStreams);
  await clock.advance(1_000);
  registry.taken('CA1');
  expect(registry.active).toBe(0);
  expect([closed, closedStreams]).toEqual([[], ['CA1']]);
  expect(outcomeOf(transcripts.get('CA1'))).toEqual([]);
});

/** An agent that books a table in its first turn, by a tool that the test ends. */
function booking() {
  let end: () => void = () => undefined;
  const book: Tool = {
    declaration: { name: 'book', description: 'Books a table.' },
    deadlineMs: 30_000,
    sideEffect: true,
    mayRepeat: false,
    check: () => undefined,
    run: () =>
      new Promise((resolve) => {
        end = () => resolve({ status: 'ok', retryable: false, message: 'Done.' });
      }),
  };
  const turns: NonNullable<ScenarioInput['turns']> = [
    { on: 'greeting', says: 'Hm', sound: { toneHz: 440, lengthMs: 1_000 }, calls: [{ name: 'book' }] },
    { on: 'toolResult' },
  ];
  return { book, turns, finish: () => end() };
}

/** The agent books something, and puts the caller through; what the booking comes to is still to come. */
async function puttingThrough(store: Partial<CallStore> = {}) {
  const { book, finish } = booking();
  const transfer = await new Toolbox({ clock: new ManualClock() }).open({
    kind: 'transferCall',
    name: 'transfer_call',
    description: 'Puts the caller through.',
    destinations: { desk: { to: '+15550177', description: 'People.', timeoutSeconds: 15 } },
  });
  const calls = [{ name: 'book' }, { name: 'transfer_call', args: { to: 'desk' } }];
  const turns: NonNullable<ScenarioInput['turns']> = [
    { on: 'greeting', says: 'I put you through.', sound: { toneHz: 440, lengthMs: 2_000 }, calls },
    { on: 'toolResult' },
    { on: 'toolResult' },
  ];
  const released: string[] = [];
  const parts: ServiceOptions = {
    tools: [{ ...book, deadlineMs: 50_000 }, transfer],
    model: { turns },
    store: { release: async (callId) => void released.push(callId), look: async () => known, ...store },
  };
  /** What is known of it once it is let go. */
  let known: Known = { state: 'unknown' };
  const nextOf = (registry: CallRegistry): Promise<Next> => {
    const facts = { ...call('CA1'), model: 'gemini-3.8-live', voice: 'Aoede' };
    known = {
      state: 'running',
      holder: 'none',
      facts,
      transfer: { name: 'desk', to: '+15550177', timeoutSeconds: 15 },
    };
    return registry.afterStream(call('CA1'));
  };
  return { parts, released, nextOf, finish };
}

test('a caller who was told that they are put through is, though nobody says anything for longer than the limit of silence', async () => {
  const { parts, released, finish } = await puttingThrough();
  const { registry, transcripts, live } = service({ ...parts, limits: { silenceMs: 5_000 } });
  await streamOf(registry, 'CA1');
  await clock.advance(20_000);
  expect([registry.active, released, codesOf(transcripts.get('CA1'))]).toEqual([1, [], []]);
  finish();
  await clock.advance(2_000);
  expect([registry.active, released, codesOf(transcripts.get('CA1'))]).toEqual([0, ['CA1'], []]);
  // The agent hears what came of it.
  expect(live.sessions[0]!.eventsOf('toolAnswered')).toHaveLength(2);
});

test('a session that is about to be closed is not left while a tool works: the service may not know of its call afterwards', async () => {
  const { book, turns, finish } = booking();
  const { registry, live } = service({
    tools: [book],
    model: { turns, faults: [{ kind: 'goAway', atMs: 3_000, timeLeftMs: 50_000 }] },
  });
  await streamOf(registry, 'CA1');
  await clock.advance(10_000);
  const eventsOf = () => live.sessions[0]!.events.map(({ type }) => type);
  expect(eventsOf().filter((type) => type === 'opened')).toHaveLength(1);
  finish();
  await clock.advance(3_000);
  expect(eventsOf().filter((type) => type === 'opened')).toHaveLength(2);
  expect(eventsOf().indexOf('toolAnswered')).toBeLessThan(eventsOf().lastIndexOf('opened'));
  expect(live.sessions[0]!.eventsOf('toolAnswered')).toMatchObject([{ accepted: true }]);
});

describe('a side effect that is under way when its call ends', () => {
  test.each<[string, (registry: CallRegistry, handlers: StreamHandlers) => void, number, Next['do']]>([
    ['by the caller', (registry) => registry.callerGone('CA1', 'completed'), 0, 'hangUp'],
    ['by the stream, for good', (_registry, handlers) => handlers.ended('lost'), 20_000, 'fallback'],
    ['by its length', () => undefined, 22_000, 'hangUp'],
  ])(
    '%s comes to its end: all places are free meanwhile, and the transcript waits',
    async (_how, end, afterMs, next) => {
      const { book, turns, finish } = booking();
      const limits = { calls: 1, callMs: 24_000 };
      const { registry, transcripts, closed, slots, metrics, live } = service({
        tools: [book],
        model: { turns },
        limits,
      });
      const handlers = await streamOf(registry, 'CA1');
      await clock.advance(3_000);
      end(registry, handlers);
      await clock.advance(afterMs);
      expect([registry.active, slots.holders('agent:reception'), closed]).toEqual([0, [], []]);
      expect(await metrics.text()).toMatch(/callbridge_calls_active\{.*\} 0\n/);
      expect(await metrics.text()).toContain('callbridge_live_sessions 0\n');
      expect(await nextFor(registry, 'CA1')).toBe(next);
      expect(answersOf(transcripts.get('CA1'))).toEqual([]);
      finish();
      await clock.advance(0);
      expect(closed).toEqual(['CA1']);
      expect(answersOf(transcripts.get('CA1'))).toMatchObject([{ status: 'ok' }]);
      expect(live.sessions[0]!.eventsOf('toolAnswered')).toEqual([]);
    },
  );

  test('is waited for by a process that stops, for the grace time and the last words', async () => {
    const { book, turns, finish } = booking();
    const { registry, closed } = service({ tools: [book], model: { turns } });
    await streamOf(registry, 'CA1');
    await clock.advance(3_000);
    registry.callerGone('CA1', 'completed');
    let clean: boolean | undefined;
    void registry.drain(2_000).then((result) => {
      clean = result;
    });
    await clock.advance(10_000);
    expect([clean, closed]).toEqual([undefined, []]);
    finish();
    await clock.advance(200);
    expect([clean, closed]).toEqual([true, ['CA1']]);
  });

  test('and that outlasts that is given up, and the transcript is complete: nobody knows what came of it', async () => {
    const { book, turns } = booking();
    const { registry, closed, transcripts } = service({ tools: [{ ...book, deadlineMs: 50_000 }], model: { turns } });
    await streamOf(registry, 'CA1');
    await clock.advance(3_000);
    const drained = registry.drain(1_000);
    await clock.advance(35_000);
    expect(await drained).toBe(false);
    expect([registry.active, closed]).toEqual([0, []]);
    registry.close();
    expect(closed).toEqual(['CA1']);
    expect(answersOf(transcripts.get('CA1'))).toMatchObject([{ status: 'interrupted' }]);
  });
});

describe('shutting down', () => {
  test('still takes the streams of calls that rang before', async () => {
    const { registry } = service();
    await registry.ring(call('CA1'));
    await clock.advance(1_000);
    const drained = registry.drain(10_000);
    await streamOf(registry, 'CA1');
    expect(registry.active).toBe(1);
    await registry.callerGone('CA1', 'completed');
    await clock.advance(200);
    expect(await drained).toBe(true);
  });

  test('gives away no call that only rang here: it may be talking in the process that has its stream', async () => {
    const { registry } = service({ store: { neighbours: async () => 1 } });
    await registry.ring(call('CA1'));
    await clock.advance(1_000);
    const drained = registry.drain(0);
    await clock.advance(10_000);
    await drained;
    expect([registry.active, redirected]).toEqual([0, []]);
  });

  test('gives the calls that outlast the grace time to another process, between two turns', async () => {
    const released: string[] = [];
    const { registry, transcripts, metrics } = service({
      store: { neighbours: async () => 1, release: async (callId) => void released.push(callId) },
      model: { turns: [{ on: 'greeting', says: 'Hm', sound: { toneHz: 440, lengthMs: 3_000 } }] },
    });
    await streamOf(registry, 'CA1');
    await clock.advance(1_500);
    const drained = registry.drain(0);
    await clock.advance(1_000);
    expect(released).toEqual([]);
    await clock.advance(1_500);
    expect(released).toEqual(['CA1']);
    expect(redirected).toEqual(['CA1 https://callbridge.example/twilio/stream-ended']);
    await clock.advance(3_500);
    expect(await drained).toBe(true);
    expect(codesOf(transcripts.get('CA1'))).toEqual(['HANDED_OVER']);
    expect(transcripts.get('CA1')).toContainEqual(
      expect.objectContaining({ type: 'line', line: expect.objectContaining({ text: 'Hm', cut: false }) }),
    );
    expect(await metrics.text()).toContain('callbridge_calls_handed_over_total 1');
  });

  test('does not have the provider break off the keys that it presses for a call that is given away', async () => {
    const notes = createLocalNotes(new ManualClock());
    const released: string[] = [];
    const store = { neighbours: async () => 1, release: async (callId: string) => void released.push(callId) };
    const { registry } = service({ ...(await keysPressing()), notes, store });
    await streamOf(registry, 'CA1');
    await clock.advance(2_000);
    const drained = registry.drain(0);
    await clock.advance(8_500);
    expect(await drained).toBe(true);
    expect([released, redirected]).toEqual([['CA1'], []]);
    // Whoever is asked knows of them.
    expect(await new SharedKeys(notes).of('CA1')).toBe('1wwww');
  });

  test('lets what a tool does come to its end before it gives the call away', async () => {
    const released: string[] = [];
    const { book, turns, finish } = booking();
    const { registry, transcripts } = service({
      tools: [book],
      store: { neighbours: async () => 1, release: async (callId) => void released.push(callId) },
      model: { turns },
    });
    await streamOf(registry, 'CA1');
    await clock.advance(5_000);
    const drained = registry.drain(0);
    await clock.advance(2_000);
    expect(released).toEqual([]);
    finish();
    await clock.advance(1_000);
    expect(released).toEqual(['CA1']);
    expect(answersOf(transcripts.get('CA1'))).toMatchObject([{ status: 'ok' }]);
    await clock.advance(3_500);
    expect(await drained).toBe(true);
  });

  describe('whoever was told that they are put through', () => {
    test.each<[string, number, number]>([
      ['another process lives', 1, 14_000],
      ['nobody else is there', 0, 6_000],
    ])('hears that to its end, and is: %s', async (_who, neighbours, doneAfterMs) => {
      const { parts, released, nextOf, finish } = await puttingThrough({ neighbours: async () => neighbours });
      const { registry, transcripts } = service(parts);
      const closed: string[] = [];
      await streamOf(registry, 'CA1', closed);
      await clock.advance(3_000);
      let clean: boolean | undefined;
      void registry.drain(1_000).then((result) => {
        clean = result;
      });
      await clock.advance(doneAfterMs);
      // Not before what is being done has come to its end.
      expect([registry.active, released]).toEqual([1, []]);
      finish();
      await clock.advance(1_500);
      expect([registry.active, released, closed, clean]).toEqual([0, ['CA1'], ['CA1'], undefined]);
      expect(await nextOf(registry)).toMatchObject({ do: 'transfer', transfer: { to: '+15550177' } });
      await clock.advance(200);
      expect(clean).toBe(true);
      expect(transcripts.get('CA1')?.at(-1)).toMatchObject({ type: 'transferred' });
      expect(answersOf(transcripts.get('CA1')).at(-1)).toMatchObject({ status: 'ok' });
      expect(redirected).toEqual([]);
    });

    test('is at once when the process can wait no longer, and the provider is answered before it ends', async () => {
      const { parts, released, nextOf } = await puttingThrough();
      const { registry, transcripts } = service(parts);
      await streamOf(registry, 'CA1');
      await clock.advance(3_000);
      let clean: boolean | undefined;
      void registry.drain(0).then((result) => {
        clean = result;
      });
      await clock.advance(29_900);
      expect([registry.active, released]).toEqual([1, []]);
      await clock.advance(2_000);
      expect([registry.active, released, clean]).toEqual([0, ['CA1'], undefined]);
      expect(await nextOf(registry)).toMatchObject({ do: 'transfer' });
      await clock.advance(200);
      expect(clean).toBe(true);
      expect(transcripts.get('CA1')?.at(-1)).toMatchObject({ type: 'transferred' });
    });

    test('is not waited for when the provider does not ask', async () => {
      let letGo: () => void = () => undefined;
      const release = (): Promise<void> => new Promise((resolve) => (letGo = resolve));
      const { parts, finish } = await puttingThrough({ release });
      const { registry } = service(parts);
      await streamOf(registry, 'CA1');
      await clock.advance(3_000);
      finish();
      await clock.advance(4_000);
      expect(registry.active).toBe(0);
      let clean: boolean | undefined;
      void registry.drain(0).then((result) => {
        clean = result;
      });
      await clock.advance(4_000);
      // Nobody is asked before others can find the call.
      expect(clean).toBeUndefined();
      letGo();
      await clock.advance(2_900);
      expect(clean).toBeUndefined();
      await clock.advance(200);
      expect(clean).toBe(true);
    });
  });

  test('looks for nobody to take up a side effect whose call has ended: it waits for the result, and no longer', async () => {
    const { book, turns, finish } = booking();
    const neighbours = vi.fn(async () => 1);
    const { registry, closed } = service({ tools: [book], model: { turns }, store: { neighbours } });
    await streamOf(registry, 'CA1');
    await clock.advance(3_000);
    await registry.callerGone('CA1', 'completed');
    let clean: boolean | undefined;
    void registry.drain(0).then((result) => {
      clean = result;
    });
    await clock.advance(100);
    finish();
    await clock.advance(200);
    // Not after the three seconds in which a provider asks about calls that are given away.
    expect([clean, closed, neighbours.mock.calls]).toEqual([true, ['CA1'], []]);
  });

  test('closes the stream of a call that it gives away when the provider cannot be asked', async () => {
    const { registry } = service({
      store: { neighbours: async () => 1 },
      control: { redirect: () => Promise.reject(new Failure('PROVIDER_REST', 'no')) },
    });
    const closed: string[] = [];
    await streamOf(registry, 'CA1', closed);
    await clock.advance(3_000);
    const drained = registry.drain(0);
    await clock.advance(6_000);
    // The store writes to a real disk.
    await vi.waitFor(() => expect(closed).toEqual(['CA1']), 10_000);
    await clock.advance(3_100);
    expect(await drained).toBe(true);
  });

  test('takes no new calls, and waits for the running ones', async () => {
    const { registry } = service();
    await streamOf(registry, 'CA1');
    const drained = registry.drain(10_000);
    expect(registry.ready).toBe(false);
    expect(await codeOf(() => registry.ring(call('CA2')))).toBe('SERVICE_DRAINING');
    await clock.advance(5_000);
    await registry.callerGone('CA1', 'completed');
    await clock.advance(200);
    expect(await drained).toBe(true);
  });

  test('hangs up what outlasts the grace time', async () => {
    const { registry, transcripts } = service();
    await streamOf(registry, 'CA1');
    const drained = registry.drain(10_000);
    await clock.advance(50_000);
    expect(await drained).toBe(false);
    expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'completed', by: 'shutdown' }]);
  });

  test('lets the agent finish what it is saying when the grace time is over', async () => {
    const { registry } = service({
      model: { turns: [{ on: 'greeting', says: 'Hm', sound: { toneHz: 440, lengthMs: 6_000 } }] },
    });
    await streamOf(registry, 'CA1');
    let clean: boolean | undefined;
    const drained = registry.drain(2_000).then((result) => {
      clean = result;
    });
    await clock.advance(5_000);
    expect([registry.active, clean]).toEqual([1, undefined]);
    await clock.advance(10_000);
    await drained;
    expect([registry.active, clean]).toEqual([0, false]);
  });

  test('stays until Twilio has asked what follows the streams that we closed', async () => {
    const { registry } = service({ limits: { callMs: 1_000 }, model: { turns: [], fallbackTurn: {} } });
    await streamOf(registry, 'CA1');
    await clock.advance(1_500);
    expect(registry.active).toBe(0);
    let gone = false;
    const drained = registry.drain(0).then(() => {
      gone = true;
    });
    await clock.advance(1_000);
    expect(gone).toBe(false);
    expect(await nextFor(registry, 'CA1')).toBe('hangUp');
    await clock.advance(200);
    await drained;
    expect(gone).toBe(true);
  });

  test('does not wait for a question that does not come', async () => {
    const { registry } = service({ limits: { callMs: 1_000 }, model: { turns: [], fallbackTurn: {} } });
    await streamOf(registry, 'CA1');
    await clock.advance(1_500);
    const drained = registry.drain(0);
    await clock.advance(3_100);
    expect(await drained).toBe(true);
  });

  test('for good ends every call at once, with its transcript', async () => {
    const { registry, transcripts, closed } = service();
    await streamOf(registry, 'CA1');
    await registry.ring(call('CA2'));
    registry.close();
    expect(registry.active).toBe(0);
    expect(closed).toEqual(['CA1', 'CA2']);
    expect(outcomeOf(transcripts.get('CA1'))).toMatchObject([{ kind: 'failed', code: 'SHUTDOWN' }]);
  });
});
