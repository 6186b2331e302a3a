import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { audioContent, LiveBench, type ServerEnd, VERTEX } from './live-bench.ts';

let bench: LiveBench;
beforeEach(() => {
  bench = new LiveBench();
});
afterEach(async () => {
  bench.session.close();
  await bench.clock.advance(1_000);
  expect(bench.clock.armed).toBe(0);
});

const resumption = (end: ServerEnd): unknown =>
  (end.received[0] as { setup: { sessionResumption: unknown } }).setup.sessionResumption;

/** Ready, with a handle, for so long that its life counts as stable. */
async function talking(handle = 'h1'): Promise<void> {
  await bench.ready();
  await bench.serve({ sessionResumptionUpdate: { newHandle: handle, resumable: true } });
  await bench.clock.advance(10_000);
  bench.heard.length = 0;
}

describe('what a close means while the session is ready', () => {
  test.each([
    [1006, '', 'LIVE_LOST', true],
    [1000, '', 'LIVE_LOST', true],
    [1001, '', 'LIVE_LOST', true],
    [1007, 'Invalid JSON payload received. Unknown name "x" at', 'LIVE_SETUP_INVALID', false],
    [1007, 'Request contains an invalid argument.', 'LIVE_REJECTED_ARGUMENT', true],
    [1008, 'The operation was aborted.', 'LIVE_LIFETIME', true],
    [1008, 'Requested entity was not found.', 'LIVE_HANDLE_DEAD', true],
    [1008, 'Operation is not implemented, or supported, or enabled.', 'LIVE_UNSUPPORTED', true],
    [1008, 'Your project has been denied access. Please contact support.', 'LIVE_ACCESS_DENIED', false],
    [1011, 'Internal error encountered.', 'LIVE_INTERNAL', true],
    [1011, 'Deadline expired before operation could complete.', 'LIVE_LIFETIME', true],
    [1011, 'The service is currently unavailable.', 'LIVE_UNAVAILABLE', true],
    [1011, 'You exceeded your current quota, please check your plan', 'LIVE_QUOTA', false],
  ])('%i "%s" is %s, recoverable: %s', async (code, reason, failure, recoverable) => {
    await talking();
    await bench.serviceCloses(code, reason);
    expect(bench.heard).toMatchObject([['lost', { code: failure, recoverable }]]);
    await bench.clock.advance(60_000);
    // Nothing is dialled unless it is asked for.
    expect(bench.sockets).toHaveLength(1);
  });
});

describe('after the socket broke', () => {
  test('waits a second and a half and resumes with the newest handle that the service gave', async () => {
    await talking('h1');
    await bench.serve({ sessionResumptionUpdate: { newHandle: 'h2', resumable: true } });
    // Said while the model generates: the last good handle stays.
    await bench.serve({ sessionResumptionUpdate: { newHandle: '', resumable: false } });
    await bench.connectionBreaks();
    const brokeAtMs = bench.nowMs;
    bench.session.resume();
    await bench.clock.advance(5_000);
    expect(bench.socket.dialledAtMs - brokeAtMs).toBe(1_500);
    await bench.serve({ setupComplete: {} });
    expect(resumption(bench.socket)).toEqual({ handle: 'h2' });
    expect(bench.heard.at(-1)).toMatchObject(['ready', { how: 'resumed' }]);
    expect(bench.names).toEqual(['handleRenewed', 'lost', 'ready']);
  });

  test('tries twice with the handle, then once afresh, and then gives up', async () => {
    await talking();
    bench.seed = [{ speaker: 'caller', text: 'My name is Ada.' }];
    bench.answers.push({ refuses: 503 }, { refuses: 503 }, { refuses: 503 });
    await bench.connectionBreaks();
    const brokeAtMs = bench.nowMs;
    bench.session.resume();
    await bench.clock.advance(60_000);
    // Each refusal takes 10 ms.
    expect(bench.sockets.slice(1).map((end) => end.dialledAtMs - brokeAtMs)).toEqual([1_500, 4_510, 10_520]);
    expect(bench.heard).toMatchObject([
      ['lost', { code: 'LIVE_LOST', recoverable: true }],
      ['lost', { code: 'LIVE_RESUME_FAILED', recoverable: false, cause: { code: 'LIVE_UNAVAILABLE' } }],
    ]);
  });

  test('the third try begins afresh, with what was said, before the session is ready', async () => {
    await talking();
    bench.seed = [
      { speaker: 'caller', text: 'My name is Ada.' },
      { speaker: 'agent', text: 'Hello Ada.' },
      { speaker: 'agent', text: '' },
    ];
    bench.answers.push({ refuses: 503 }, { refuses: 503 });
    await bench.connectionBreaks();
    bench.session.resume();
    bench.session.sendText('digit 1');
    await bench.clock.advance(11_000);
    await bench.serve({ setupComplete: {} });
    expect(resumption(bench.socket)).toEqual({});
    expect(bench.socket.received.slice(1)).toEqual([
      {
        clientContent: {
          turns: [
            { role: 'user', parts: [{ text: 'My name is Ada.' }] },
            { role: 'model', parts: [{ text: 'Hello Ada.' }] },
          ],
          turnComplete: false,
        },
      },
      { realtimeInput: { text: 'digit 1' } },
    ]);
    expect(bench.heard.at(-1)).toMatchObject(['ready', { how: 'reseeded' }]);
  });

  test('begins as new where nothing had been said', async () => {
    await bench.ready();
    await bench.connectionBreaks();
    bench.session.resume();
    await bench.clock.advance(2_000);
    await bench.serve({ setupComplete: {} });
    expect(bench.heard.at(-1)).toMatchObject(['ready', { how: 'new' }]);
  });

  test('a session that breaks each time it is ready is not dialled for ever', async () => {
    await talking();
    bench.during.set('lost', () => bench.session.resume());
    await bench.connectionBreaks();
    for (let round = 0; round < 20; round += 1) {
      await bench.clock.advance(7_000);
      await bench.serve({ setupComplete: {} });
      await bench.connectionBreaks();
    }
    expect(bench.sockets).toHaveLength(1 + 3);
    expect(bench.heard.at(-1)).toMatchObject(['lost', { code: 'LIVE_RESUME_FAILED', recoverable: false }]);
  });

  test('a session that was well for a while is brought back as patiently as before', async () => {
    await talking();
    bench.during.set('lost', () => bench.session.resume());
    for (let round = 0; round < 8; round += 1) {
      await bench.connectionBreaks();
      await bench.clock.advance(1_600);
      await bench.serve({ setupComplete: {} });
      await bench.clock.advance(10_000);
    }
    expect(bench.names.filter((name) => name === 'ready')).toHaveLength(8);
  });
});

describe('when the service says that it leaves', () => {
  test('closes the old socket, sees it closed, and dials at once', async () => {
    await talking();
    bench.during.set('leaving', () => bench.session.resume());
    const [old] = bench.sockets;
    await bench.serve({ goAway: { timeLeft: '50s' } });
    await bench.clock.advance(10);
    expect(old?.closed?.code).toBe(1000);
    expect(bench.socket.dialledAtMs).toBe(old?.closed?.atMs);
    expect(resumption(bench.socket)).toEqual({ handle: 'h1' });
    await bench.serve({ setupComplete: {} });
    expect(bench.heard).toMatchObject([
      ['leaving', 50_000],
      ['ready', { how: 'resumed' }],
    ]);
  });

  test('uses a handle that came in the same message', async () => {
    await talking();
    bench.during.set('leaving', () => bench.session.resume());
    await bench.serve({
      goAway: { timeLeft: '1s' },
      sessionResumptionUpdate: { newHandle: 'last', resumable: true },
    });
    await bench.clock.advance(10);
    expect(resumption(bench.socket)).toEqual({ handle: 'last' });
  });

  test('cuts an old socket that does not answer the close within a second, and dials as after a break', async () => {
    await talking();
    const [old] = bench.sockets;
    if (old?.ours) old.ours.close = () => undefined;
    bench.session.resume();
    await bench.clock.advance(999);
    expect(bench.sockets).toHaveLength(1);
    await bench.clock.advance(1);
    expect(old?.closed?.code).toBe(1006);
    // Cut so, the service may still believe in it.
    await bench.clock.advance(1_499);
    expect(bench.sockets).toHaveLength(1);
    await bench.clock.advance(1);
    expect(bench.sockets).toHaveLength(2);
  });

  test('what the old socket still says is not heard', async () => {
    await talking();
    const [old] = bench.sockets;
    if (old?.ours) old.ours.close = () => undefined;
    bench.session.resume();
    await bench.serve(audioContent(Uint8Array.of(1, 0)), old);
    await bench.serve({ sessionResumptionUpdate: { newHandle: 'stale', resumable: true } }, old);
    await bench.serve({ novelty: {} }, old);
    await bench.clock.advance(2_510);
    await bench.serve('not JSON', old);
    await bench.serve({ setupComplete: {} });
    expect(bench.names).toEqual(['ready']);
    expect(resumption(bench.socket)).toEqual({ handle: 'h1' });
    expect((await bench.metrics.ignoredMessages.get()).values).toEqual([]);
  });

  test('half a sample of the old socket is not joined to the sound of the new one', async () => {
    await talking();
    await bench.serve(audioContent(Uint8Array.of(1, 0, 9)));
    bench.session.resume();
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    await bench.serve(audioContent(Uint8Array.of(2, 0)));
    expect(bench.heard).toMatchObject([
      ['audio', Int16Array.of(1)],
      ['ready', { how: 'resumed' }],
      ['audio', Int16Array.of(2)],
    ]);
  });

  test('asked twice, it dials once', async () => {
    await talking();
    bench.session.resume();
    bench.session.resume();
    await bench.clock.advance(3_000);
    bench.session.resume();
    await bench.clock.advance(1_000);
    expect(bench.sockets).toHaveLength(2);
  });
});

describe('what the service refuses', () => {
  test('a dead handle leads at once to a fresh session with what was said', async () => {
    await talking();
    bench.seed = [{ speaker: 'caller', text: 'Hello' }];
    bench.session.resume();
    await bench.clock.advance(10);
    await bench.serviceCloses(1008, 'Requested entity was not found.');
    await bench.clock.advance(10);
    expect(bench.sockets).toHaveLength(3);
    expect(resumption(bench.socket)).toEqual({});
    await bench.serve({ setupComplete: {} });
    expect(bench.heard).toMatchObject([['ready', { how: 'reseeded' }]]);
  });

  test('Vertex is told of the history in the setup, and where it ends', async () => {
    bench.seed = [{ speaker: 'caller', text: 'Hello' }];
    await bench.ready({ backend: VERTEX, headers: async () => ({ authorization: 'Bearer t' }) });
    expect(bench.socket.received).toMatchObject([
      { setup: { historyConfig: { initialHistoryInClientContent: true } } },
      { clientContent: { turnComplete: true } },
    ]);
  });

  test('a rejected argument gets one fresh session, the second ends it', async () => {
    const rejected = [1007, 'Request contains an invalid argument.'] as const;
    await talking();
    bench.seed = [{ speaker: 'caller', text: 'Hello' }];
    await bench.serviceCloses(...rejected);
    bench.session.resume();
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    await bench.serve({ sessionResumptionUpdate: { newHandle: 'h2', resumable: true } });
    await bench.clock.advance(60_000);
    await bench.serviceCloses(...rejected);
    expect(bench.heard).toMatchObject([
      ['lost', { code: 'LIVE_REJECTED_ARGUMENT', recoverable: true }],
      ['ready', { how: 'reseeded' }],
      ['handleRenewed', 'h2'],
      ['lost', { code: 'LIVE_REJECTED_ARGUMENT', recoverable: false }],
    ]);
  });

  test('a used-up quota is not asked again', async () => {
    await talking();
    bench.session.resume();
    await bench.clock.advance(10);
    await bench.serviceCloses(1011, 'You exceeded your current quota, please check your plan and billing details.');
    await bench.clock.advance(60_000);
    expect(bench.heard).toMatchObject([['lost', { code: 'LIVE_QUOTA', recoverable: false }]]);
    expect(bench.sockets).toHaveLength(2);
  });

  test('a setup that hangs while resuming is left, and tried again at once', async () => {
    await talking();
    bench.session.resume();
    await bench.clock.advance(10 + 5_000 + 10);
    await bench.serve({ setupComplete: {} });
    expect(bench.sockets).toHaveLength(3);
    expect(bench.sockets[1]?.closed?.code).toBe(1000);
    expect(bench.heard).toMatchObject([['ready', { how: 'resumed' }]]);
  });
});

test('a line on which nothing comes for thirty seconds, not even a pong, is cut and reported', async () => {
  await talking();
  if (bench.socket.ours) bench.socket.ours.ping = () => undefined;
  await bench.clock.advance(40_000);
  expect(bench.heard).toMatchObject([['lost', { code: 'LIVE_LOST', recoverable: true }]]);
});

test('a silent line that answers pings lives on', async () => {
  await talking();
  await bench.clock.advance(300_000);
  expect(bench.heard).toEqual([]);
});
