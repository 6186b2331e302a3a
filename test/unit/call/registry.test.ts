/** Which calls there are: announced twice, answered twice, too many, and ended while the process must. */
import { afterEach, describe, expect, test } from 'vitest';
import { g711, pcm, tone } from '../../../src/audio/index.ts';
import { type CallAgent, CallRegistry, type Next, type RingingCall } from '../../../src/call/index.ts';
import { agentFor, loadConfig } from '../../../src/config/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import { liveHeaders, openLiveSession } from '../../../src/live/index.ts';
import { createLiveSimulator, type ScenarioInput } from '../../../src/simulator/index.ts';
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts';
import type { CallStream, StreamHandlers } from '../../../src/telephony/index.ts';
import { createCollector, type Entry } from '../../../src/transcript/index.ts';
import { countingIds } from '../../support/counting-ids.ts';
import { dialInMemory } from '../../support/live-in-memory.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const config = loadConfig({
  env: { PUBLIC_URL: 'https://callbridge.example', TWILIO_AUTH_TOKEN: 'x', GEMINI_API_KEY: 'k' },
  cwd: `${import.meta.dirname}/../../..`,
});

let clock: ManualClock;
let cleanUp: () => void = () => undefined;

afterEach(async () => {
  cleanUp();
  // Sockets take a moment to say goodbye to each other.
  await clock.advance(5_000);
  expect(clock.armed).toBe(0);
});

interface ServiceOptions {
  readonly maxCalls?: number;
  readonly limits?: Partial<CallAgent['limits']>;
  readonly model?: ScenarioInput;
  readonly openLive?: () => never;
}

function service({ maxCalls = 10, limits, model, openLive }: ServiceOptions = {}) {
  clock = new ManualClock();
  const ids = countingIds();
  const logger = createLogger({ level: 'silent' });
  const { backend } = config.live;
  const live = createLiveSimulator({ clock, ids, ...(model && { scenario: model }) });
  const metrics = createMetrics();
  const agentNamed = (name: string): CallAgent | undefined => {
    const agent = config.agents.find((one) => one.name === name);
    return agent && { ...agent, limits: { ...agent.limits, ...limits } };
  };
  const transcripts = new Map<string, Entry[]>();
  const closed: string[] = [];
  const registry = new CallRegistry({
    clock,
    logger,
    metrics,
    maxCalls,
    agentFor: (to) => agentFor(config, to),
    agentNamed,
    openLive: (settings, handlers, seed) =>
      openLive?.() ??
      openLiveSession({
        routes: [{ name: 'primary', settings, backend, headers: liveHeaders(backend, clock) }],
        handlers,
        seed,
        clock,
        ids,
        logger,
        dial: dialInMemory(live),
      }),
    apology: { samples: pcm(new Int16Array(24_000), 8000), text: 'Sorry.' },
    beginTranscript: (call) => {
      const entries: Entry[] = [];
      transcripts.set(call.callId, entries);
      const collector = createCollector({ call, clock, append: (entry) => entries.push(entry) });
      return { collector, close: () => closed.push(call.callId), leave: () => undefined };
    },
  });
  cleanUp = () => {
    registry.close();
    live.close();
  };
  return { registry, live, transcripts, closed, metrics };
}

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
function streamOf(registry: CallRegistry, callId: string): StreamHandlers {
  let handlers: StreamHandlers | undefined;
  const stream: CallStream = {
    streamId: 'MZ1',
    callId,
    provider: 'twilio',
    format: { encoding: 'ulaw', rateHz: 8000 },
    parameters: {},
    playout: { leadMs: 5_000, maxMessageMs: 200 },
    send: () => undefined,
    close: () => handlers?.ended('closedByUs'),
  };
  const answer = registry.answer(call(callId), stream);
  handlers = answer;
  return answer;
}

const outcomeOf = (entries: readonly Entry[] | undefined): unknown =>
  entries?.flatMap((entry) => (entry.type === 'ended' ? [entry.outcome] : []));

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

  test('that is announced again after its end does not begin again', async () => {
    const { registry, live } = service();
    await registry.ring(call('CA1'));
    await clock.advance(1_000);
    registry.callerGone('CA1', 'completed');
    await registry.ring(call('CA1'));
    expect(registry.active).toBe(0);
    expect(live.sessions).toHaveLength(1);
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
  });

  test('is answered though it rang elsewhere', async () => {
    const { registry, live } = service();
    streamOf(registry, 'CA1');
    await clock.advance(1_000);
    expect(registry.active).toBe(1);
    expect(live.sessions).toHaveLength(1);
  });

  test('takes one stream only, and none after its end', async () => {
    const { registry } = service();
    streamOf(registry, 'CA1');
    expect(await codeOf(() => streamOf(registry, 'CA1'))).toBe('STREAM_DUPLICATE');
    registry.callerGone('CA1', 'completed');
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
    registry.callerGone('CA1', 'busy');
    await registry.ring(call('CA2'));
    expect(registry.active).toBe(1);
  });

  test('ends when nobody has spoken for its limit of silence', async () => {
    const { registry, transcripts } = service();
    streamOf(registry, 'CA1');
    await clock.advance(130_000);
    expect(registry.active).toBe(0);
    expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'completed' }]);
    expect(await nextFor(registry, 'CA1')).toBe('hangUp');
  });
});

describe('the limits of a call', () => {
  const LONG_GREETING: ScenarioInput = {
    turns: [{ on: 'greeting', says: 'Hm', sound: { toneHz: 440, lengthMs: 8_000 } }],
  };

  test('end it at its length, after what is being said', async () => {
    const { registry, transcripts } = service({ limits: { callMs: 5_000 } });
    streamOf(registry, 'CA1');
    await clock.advance(4_900);
    expect(registry.active).toBe(1);
    await clock.advance(40_000);
    expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'completed' }]);
  });

  test('count silence from the last voice of the caller', async () => {
    const { registry } = service({ limits: { silenceMs: 10_000 }, model: { turns: [], fallbackTurn: {} } });
    const stream = streamOf(registry, 'CA1');
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
    streamOf(registry, 'CA1');
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
    streamOf(registry, 'CA1');
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
  streamOf(registry, 'CA1');
  await clock.advance(45_000);
  expect(registry.active).toBe(0);
  expect(await metrics.text()).not.toMatch(/^callbridge_unexpected_events_total\{/m);
});

describe('what follows a stream', () => {
  test('that broke without our knowing is an apology, and the call is over', async () => {
    const { registry, transcripts } = service();
    streamOf(registry, 'CA1');
    expect(await nextFor(registry, 'CA1')).toBe('fallback');
    expect(registry.active).toBe(0);
    expect(outcomeOf(transcripts.get('CA1'))).toMatchObject([{ kind: 'failed', code: 'STREAM_LOST' }]);
  });

  test('is the apology again when the caller did not hear it to its end', async () => {
    const { registry } = service({ model: { faults: [{ kind: 'quota', sessions: 0 }] } });
    const stream = streamOf(registry, 'CA1');
    await clock.advance(1_000);
    stream.ended('lost');
    expect(await nextFor(registry, 'CA1')).toBe('fallback');
  });

  test('is hanging up when the caller hung up, and an apology when the stream broke', async () => {
    const { registry } = service();
    streamOf(registry, 'CA1').ended('stopped');
    streamOf(registry, 'CA2').ended('lost');
    expect(await nextFor(registry, 'CA1')).toBe('hangUp');
    expect(await nextFor(registry, 'CA2')).toBe('fallback');
  });

  test('is an apology for a call that nobody knows of', async () => {
    expect(await nextFor(service().registry, 'CA9')).toBe('fallback');
  });
});

describe('shutting down', () => {
  test('takes no new calls, and waits for the running ones', async () => {
    const { registry } = service();
    streamOf(registry, 'CA1');
    const drained = registry.drain(10_000);
    expect(registry.ready).toBe(false);
    expect(await codeOf(() => registry.ring(call('CA2')))).toBe('SERVICE_DRAINING');
    await clock.advance(5_000);
    registry.callerGone('CA1', 'completed');
    await clock.advance(200);
    expect(await drained).toBe(true);
  });

  test('hangs up what outlasts the grace time', async () => {
    const { registry, transcripts } = service();
    streamOf(registry, 'CA1');
    const drained = registry.drain(10_000);
    await clock.advance(50_000);
    expect(await drained).toBe(false);
    expect(outcomeOf(transcripts.get('CA1'))).toEqual([{ kind: 'completed' }]);
  });

  test('lets the agent finish what it is saying when the grace time is over', async () => {
    const { registry } = service({
      model: { turns: [{ on: 'greeting', says: 'Hm', sound: { toneHz: 440, lengthMs: 6_000 } }] },
    });
    streamOf(registry, 'CA1');
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
    streamOf(registry, 'CA1');
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
    streamOf(registry, 'CA1');
    await clock.advance(1_500);
    const drained = registry.drain(0);
    await clock.advance(3_100);
    expect(await drained).toBe(true);
  });

  test('for good ends every call at once, with its transcript', async () => {
    const { registry, transcripts, closed } = service();
    streamOf(registry, 'CA1');
    await registry.ring(call('CA2'));
    registry.close();
    expect(registry.active).toBe(0);
    expect(closed).toEqual(['CA1', 'CA2']);
    expect(outcomeOf(transcripts.get('CA1'))).toMatchObject([{ kind: 'failed', code: 'SHUTDOWN' }]);
  });
});
