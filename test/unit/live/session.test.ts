import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pcm } from '../../../src/audio/index.ts';
import { audioContent, LiveBench, SETTINGS } from './live-bench.ts';

let bench: LiveBench;
beforeEach(() => {
  bench = new LiveBench();
});
afterEach(async () => {
  bench.session.close();
  // Longest of what may still run out by itself: a closing handshake that nobody answers.
  await bench.clock.advance(1_000);
  expect(bench.clock.armed).toBe(0);
});

describe('opening', () => {
  test('sends the setup first and is ready when the service has taken it', async () => {
    bench.open();
    await bench.clock.advance(10);
    expect(bench.socket.received).toMatchObject([{ setup: { model: 'models/gemini-3.8-live' } }]);
    expect(bench.heard).toEqual([]);
    await bench.clock.advance(240);
    await bench.serve({ setupComplete: {} });
    expect(bench.heard).toEqual([
      ['ready', { how: 'new', setupMs: 250, route: 'only', model: SETTINGS.model, voice: SETTINGS.voice }],
    ]);
  });

  test('carries the key in a header and not in the URL', async () => {
    await bench.ready();
    expect(bench.socket.headers).toEqual({ 'x-goog-api-key': 'AIza-test' });
    expect(bench.socket.url).not.toContain('AIza');
  });

  test('takes up a session of another process by its handle', async () => {
    await bench.ready({ handle: { route: 'only', handle: 'theirs' } });
    expect(bench.socket.received).toMatchObject([{ setup: { sessionResumption: { handle: 'theirs' } } }]);
    expect(bench.heard).toMatchObject([['ready', { how: 'resumed' }]]);
  });

  test('gives a service that hangs in silence five seconds for the setup, then leaves its socket', async () => {
    bench.open();
    await bench.clock.advance(10 + 4_999);
    expect(bench.heard).toEqual([]);
    await bench.clock.advance(1);
    expect(bench.heard).toMatchObject([['lost', { code: 'LIVE_SETUP_TIMEOUT', recoverable: true }]]);
    expect(bench.socket.closed?.code).toBe(1000);
  });

  test.each([
    [401, 'LIVE_AUTH', false],
    [403, 'LIVE_ACCESS_DENIED', false],
    [429, 'LIVE_QUOTA', true],
    [503, 'LIVE_UNAVAILABLE', true],
  ])('a socket refused with HTTP %i is lost as %s', async (status, code, recoverable) => {
    bench.answers.push({ refuses: status });
    bench.open();
    await bench.clock.advance(10);
    expect(bench.heard).toMatchObject([['lost', { code, recoverable }]]);
  });

  test('credentials that cannot be had end the session', async () => {
    bench.open({ headers: () => Promise.reject(new Error('no key file')) });
    await bench.clock.advance(0);
    expect(bench.heard).toMatchObject([['lost', { code: 'LIVE_AUTH', recoverable: false }]]);
    expect(bench.sockets).toEqual([]);
  });

  test('content before the setup is complete is not passed on', async () => {
    bench.open();
    await bench.clock.advance(10);
    await bench.serve({ serverContent: { outputTranscription: { text: 'early' } } });
    expect(bench.heard).toEqual([]);
  });
});

describe('sending', () => {
  test('sends sound as base64 in one message a chunk', async () => {
    await bench.ready();
    // A view into a larger buffer: only its own samples may go out.
    bench.session.sendAudio(pcm(Int16Array.of(9, 1, -2, 9).subarray(1, 3), 16_000));
    await bench.clock.advance(0);
    expect(bench.socket.ours?.sent.at(-1)).toBe(
      '{"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=16000","data":"AQD+/w=="}}}',
    );
  });

  test('drops sound until it is ready, but keeps text and tool answers', async () => {
    const functions = [{ name: 'book', description: 'Books.', scheduling: 'SILENT' } as const];
    bench.open({ handle: { route: 'only', handle: 'h' }, settings: { ...SETTINGS, functions } });
    bench.session.sendAudio(pcm(new Int16Array(320), 16_000));
    bench.session.sendActivity('started');
    bench.session.sendText('Greet the caller.');
    bench.session.answerTools([{ id: 'c1', name: 'book', response: { output: 'ok' } }]);
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    expect(bench.socket.received.slice(1)).toEqual([
      { realtimeInput: { text: 'Greet the caller.' } },
      {
        toolResponse: {
          functionResponses: [{ id: 'c1', name: 'book', response: { output: 'ok' }, scheduling: 'SILENT' }],
        },
      },
    ]);
  });

  test('keeps a bounded number of messages, the newest', async () => {
    bench.open();
    for (let digit = 0; digit < 40; digit += 1) bench.session.sendText(`digit ${digit}`);
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    expect(bench.socket.received).toHaveLength(1 + 32);
    expect(bench.socket.received.at(-1)).toEqual({ realtimeInput: { text: 'digit 39' } });
  });

  test('gives up text before an answer of a tool, for which somebody waits', async () => {
    bench.open({ handle: { route: 'only', handle: 'h' } });
    bench.session.answerTools([{ id: 'c1', name: 'book', response: { output: 'ok' } }]);
    for (let digit = 0; digit < 40; digit += 1) bench.session.sendText(`digit ${digit}`, 'caller');
    await bench.clock.advance(10);
    await bench.serve({ setupComplete: {} });
    expect(bench.socket.received).toHaveLength(1 + 32);
    expect(bench.socket.received[1]).toMatchObject({ toolResponse: { functionResponses: [{ id: 'c1' }] } });
  });

  test('says the edges of speech as activity', async () => {
    await bench.ready();
    bench.session.sendActivity('started');
    bench.session.sendActivity('ended');
    await bench.clock.advance(0);
    expect(bench.socket.received.slice(1)).toEqual([
      { realtimeInput: { activityStart: {} } },
      { realtimeInput: { activityEnd: {} } },
    ]);
  });

  test('gives text as a turn of the user to a model that does not answer realtime text', async () => {
    await bench.ready({ settings: { ...SETTINGS, features: { ...SETTINGS.features, realtimeText: false } } });
    bench.session.sendText('Hello');
    await bench.clock.advance(0);
    expect(bench.socket.received.at(-1)).toEqual({
      clientContent: { turns: [{ role: 'user', parts: [{ text: 'Hello' }] }], turnComplete: true },
    });
  });

  test('drops sound, and counts it, while the network takes nothing', async () => {
    await bench.ready();
    const { ours } = bench.socket;
    if (ours) ours.bufferedAmount = 2 * 1024 * 1024;
    bench.session.sendAudio(pcm(new Int16Array(320), 16_000));
    await bench.clock.advance(0);
    expect(bench.socket.received).toHaveLength(1);
    expect((await bench.metrics.heldAudioDroppedMs.get()).values[0]?.value).toBe(20);
  });
});

describe('receiving', () => {
  test('everything in one message comes in the order in which it is to be acted upon', async () => {
    await bench.ready();
    const content = audioContent(Uint8Array.of(1, 0), {
      turnComplete: true,
      turnCompleteReason: 'NEED_MORE_INPUT',
      interrupted: true,
      generationComplete: true,
      groundingMetadata: { webSearchQueries: ['x'] },
      outputTranscription: { text: 'Yes' },
      inputTranscription: { text: 'Hi' },
    });
    await bench.serve({
      goAway: { timeLeft: '9.5s' },
      sessionResumptionUpdate: { newHandle: 'h1', resumable: true },
      usageMetadata: { totalTokenCount: 819 },
      toolCall: { functionCalls: [{ id: 'c1', name: 'book', args: { day: 'Friday' } }] },
      toolCallCancellation: { ids: ['c0'] },
      voiceActivity: { type: 'ACTIVITY_START' },
      ...content,
    });
    expect(bench.heard.slice(1)).toMatchObject([
      ['voiceActivity', 'started'],
      ['transcribed', { speaker: 'caller', text: 'Hi' }],
      ['transcribed', { speaker: 'agent', text: 'Yes' }],
      ['audio', Int16Array.of(1)],
      ['grounded', { queries: ['x'], sources: [] }],
      ['toolsCalled', [{ id: 'c1', name: 'book', args: { day: 'Friday' } }]],
      ['toolsCancelled', ['c0']],
      ['generationCompleted'],
      ['bargedIn'],
      ['turnCompleted', { reason: 'NEED_MORE_INPUT', idle: true }],
      ['used', { totalTokens: 819 }],
      ['handleRenewed', 'h1'],
      ['leaving', 9_500],
    ]);
  });

  test('half a sample waits for its other half, and is forgotten when the turn is cut or over', async () => {
    await bench.ready();
    await bench.serve(audioContent(Uint8Array.of(1, 0, 2)));
    await bench.serve(audioContent(Uint8Array.of(0, 3, 0, 4)));
    await bench.serve(audioContent(Uint8Array.of(0, 9)));
    await bench.serve({ serverContent: { interrupted: true } });
    await bench.serve(audioContent(Uint8Array.of(5, 0, 9)));
    await bench.serve({ serverContent: { turnComplete: true } });
    await bench.serve(audioContent(Uint8Array.of(6, 0)));
    const chunks = bench.heard.filter(([name]) => name === 'audio').map(([, samples]) => samples);
    // Looked at after the last: each may be kept.
    expect(chunks).toEqual([
      Int16Array.of(1),
      Int16Array.of(2, 3),
      Int16Array.of(4),
      Int16Array.of(5),
      Int16Array.of(6),
    ]);
  });

  test('a turn that ends while the model is at work is not idle', async () => {
    await bench.ready();
    await bench.serve({ serverContent: { turnComplete: true, interactionStatus: 'IN_PROGRESS' } });
    await bench.serve({ serverContent: { turnComplete: true }, interactionStatus: 'IN_PROGRESS' });
    await bench.serve({ serverContent: { turnComplete: true, interactionStatus: 'IDLE' } });
    expect(bench.heard.slice(1).map(([, detail]) => detail)).toEqual([
      { reason: undefined, idle: false },
      { reason: undefined, idle: false },
      { reason: undefined, idle: true },
    ]);
  });

  test('noise is ignored, and keys that we do not know are counted', async () => {
    await bench.ready();
    for (const message of [{}, { serverContent: {} }]) await bench.serve(message);
    expect((await bench.metrics.ignoredMessages.get()).values).toEqual([]);
    await bench.serve({ novelty: { deep: true } });
    await bench.serve({ serverContent: { mood: 'GLAD' } });
    expect((await bench.metrics.ignoredMessages.get()).values).toMatchObject([
      { value: 2, labels: { side: 'live', kind: 'unknownKey' } },
    ]);
    expect(bench.names).toEqual(['ready']);
  });

  test.each([
    'not JSON',
    '[]',
    'null',
    '{"serverContent":7}',
    '{"toolCall":{"functionCalls":[{"id":"c1"}]}}',
    '{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm;rate=16000","data":"AAAA"}}]}}}',
  ])('a malformed message costs the socket, not the call: %s', async (text) => {
    await bench.ready();
    await bench.serve(text);
    expect(bench.heard.slice(1)).toMatchObject([['lost', { code: 'LIVE_BAD_MESSAGE', recoverable: true }]]);
    expect(bench.socket.closed?.code).toBe(1000);
  });

  test('a reader that closes the session in the middle of a message hears no more of it', async () => {
    await bench.ready();
    bench.during.set('transcribed', () => bench.session.close());
    await bench.serve(audioContent(Uint8Array.of(1, 0), { outputTranscription: { text: 'Bye' }, turnComplete: true }));
    expect(bench.names).toEqual(['ready', 'transcribed']);
  });
});

describe('closing', () => {
  const states: Record<string, (bench: LiveBench) => Promise<unknown>> = {
    authenticating: async (b) => b.open(),
    dialling: async (b) => {
      b.answers.push({ opensAfterMs: 1_000 });
      b.open();
      await b.clock.advance(10);
    },
    'setting up': async (b) => {
      b.open();
      await b.clock.advance(10);
    },
    ready: (b) => b.ready(),
    lost: async (b) => {
      await b.ready();
      await b.connectionBreaks();
    },
    'leaving its old socket': async (b) => {
      await b.ready();
      b.session.resume();
    },
    'waiting to dial again': async (b) => {
      await b.ready();
      await b.connectionBreaks();
      b.session.resume();
      await b.clock.advance(100);
    },
    'dialling again': async (b) => {
      await b.ready();
      b.answers.push({ opensAfterMs: 1_000 });
      b.session.resume();
      await b.clock.advance(100);
    },
    'setting up again': async (b) => {
      await b.ready();
      b.session.resume();
      await b.clock.advance(100);
    },
  };

  test.each(Object.keys(states))('while %s: nothing is heard afterwards and nothing is left running', async (state) => {
    await states[state]?.(bench);
    const before = bench.heard.length;
    const dialled = bench.sockets.length;
    bench.session.close();
    bench.session.close();
    if (dialled > 0) await bench.serve({ setupComplete: {} });
    await bench.clock.advance(1_000);
    expect(bench.clock.armed).toBe(0);
    bench.session.resume();
    bench.session.sendText('too late');
    await bench.clock.advance(20_000);
    expect(bench.heard).toHaveLength(before);
    expect(bench.sockets.length).toBe(dialled);
    for (const socket of bench.sockets) expect(socket.cancelled || socket.closed !== undefined).toBe(true);
  });
});
