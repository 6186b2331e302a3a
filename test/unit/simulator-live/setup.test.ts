/** Who gets into a session, and on what terms. */
import { describe, expect, test } from 'vitest';
import { DEVELOPER, SimulatorBench, VERTEX } from './bench.ts';

const INVALID = { code: 1007, reason: 'Request contains an invalid argument.' };
const vertexModel = 'projects/p/locations/us-central1/publishers/google/models/gemini-3.8-live';
const declare = (declaration: object) => ({ tools: [{ functionDeclarations: [declaration] }] });

describe('what gemini-3.8-live refuses in setup', () => {
  test.each([
    [
      'text as output',
      { generationConfig: { responseModalities: ['TEXT'] } },
      'The requested combination of response modalities (TEXT) is not supported by the model.',
    ],
    [
      'an unknown voice',
      { generationConfig: { speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'kore' } } } } },
      "Requested voice api_name 'kore' is not available for model models/gemini-3.8-live",
    ],
    [
      'transparent resumption, which only Vertex AI has',
      { sessionResumption: { transparent: true } },
      `Invalid JSON payload received. Unknown name "transparent" at 'setup.session_resumption': Cannot find field.`,
    ],
    ['proactivity turned off', { proactivity: { proactiveAudio: false } }, INVALID.reason],
    ['compression without a window', { contextWindowCompression: {} }, INVALID.reason],
    ['a response schema', { generationConfig: { responseSchema: {} } }, INVALID.reason],
    [
      'an instruction from the system',
      { systemInstruction: { role: 'system', parts: [{ text: 'x' }] } },
      INVALID.reason,
    ],
    ['an instruction that is not text', { systemInstruction: { parts: [{ functionCall: {} }] } }, INVALID.reason],
    ['code execution', { tools: [{ codeExecution: {} }] }, INVALID.reason],
    ['a function name with a space', declare({ name: 'end call' }), INVALID.reason],
    ['two schemas for one function', declare({ name: 'f', parameters: {}, parametersJsonSchema: {} }), INVALID.reason],
  ])('%s', (_, setup, reason) => {
    const bench = new SimulatorBench();
    const client = bench.open(setup);
    expect(client.closed).toMatchObject({ code: 1007, reason });
    expect(client.story).toEqual([]);
    expect(bench.simulator.refusals).toEqual([{ code: 1007, reason }]);
  });

  test.each([
    'models/gemini-2.0-flash-live-001',
    'models/gemini-3.1-flash-live-preview',
    'gemini-3.8-live',
    vertexModel,
  ])('the model %s, which is retired, unknown or named in another way', (model) => {
    const client = new SimulatorBench().open({ model });
    expect(client.closed?.code).toBe(1008);
    const told = `${model} is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ListModels`;
    expect(client.closed?.reason).toBe(`${told} to see the list of available models.`.slice(0, 123));
  });

  test('a setup with thinkingConfig is never answered, and what follows is not either', () => {
    const bench = new SimulatorBench();
    const client = bench.open({ generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } });
    client.sendText('Hello?');
    bench.clock.tick(60_000);
    expect(client.story).toEqual([]);
    expect(client.closed).toBeUndefined();
  });

  test('affective dialog is accepted in generationConfig, and refused with the first content', () => {
    const client = new SimulatorBench().open({ generationConfig: { enableAffectiveDialog: true } });
    expect(client.story).toEqual(['ready', 'handle']);
    client.sendText('Hello');
    expect(client.closed).toMatchObject(INVALID);
  });

  test('extended thinking takes levels and no blocking function', () => {
    const model = 'models/gemini-3.8-live-extended-thinking';
    const bench = new SimulatorBench();
    expect(bench.open({ model, generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } }).story[0]).toBe(
      'ready',
    );
    expect(
      bench.open({ model, generationConfig: { thinkingConfig: { thinkingLevel: 'MINIMAL' } } }).closed,
    ).toMatchObject(INVALID);
    expect(bench.open({ model, ...declare({ name: 'f', behavior: 'BLOCKING' }) }).closed).toMatchObject(INVALID);
  });
});

describe('the order of messages', () => {
  test('setup comes first', () => {
    const client = new SimulatorBench().connect();
    client.sendText('Hello');
    expect(client.closed).toMatchObject(INVALID);
  });

  test('nothing is sent before it is complete', () => {
    const client = new SimulatorBench().connect();
    client.setUp();
    client.sendText('Hello');
    expect(client.closed).toMatchObject(INVALID);
  });

  test('and it comes once', () => {
    const client = new SimulatorBench().open();
    client.setUp();
    expect(client.closed).toMatchObject(INVALID);
  });
});

describe('what is refused later', () => {
  test.each([
    [
      'the old name for sound',
      { realtimeInput: { mediaChunks: [{ mimeType: 'audio/pcm', data: '' }] } },
      'realtime_input.media_chunks is deprecated. Use audio, video, or text instead.',
    ],
    [
      'activity by hand while it is detected',
      { realtimeInput: { activityStart: {} } },
      'Explicit activity control is not supported when automatic activity detection is enabled.',
    ],
    ['a turn without a role', { clientContent: { turns: [{ parts: [{ text: 'x' }] }] } }, INVALID.reason],
    [
      'a turn of the system',
      { clientContent: { turns: [{ role: 'system', parts: [{ text: 'x' }] }] } },
      INVALID.reason,
    ],
    [
      'a tool answer without an id',
      { toolResponse: { functionResponses: [{ name: 'f', response: {} }] } },
      INVALID.reason,
    ],
    ['sound that is no PCM', { realtimeInput: { audio: { mimeType: 'audio/mp3', data: '' } } }, INVALID.reason],
    ['half a sample', { realtimeInput: { audio: { mimeType: 'audio/pcm', data: 'AA==' } } }, INVALID.reason],
    ['a tool that Live has not', { contextUpdate: { tools: { tools: [{ googleMaps: {} }] } } }, INVALID.reason],
  ])('%s', (_, message, reason) => {
    const client = new SimulatorBench().open();
    client.send(message);
    expect(client.closed).toMatchObject({ code: 1007, reason });
  });

  test('the end of the audio stream, where activity is told by hand', () => {
    const client = new SimulatorBench().open({
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
    });
    client.send({ realtimeInput: { audioStreamEnd: true } });
    expect(client.closed).toMatchObject(INVALID);
  });
});

describe('keys, tokens and paths', () => {
  const path = DEVELOPER.split('?')[0] ?? '';
  const keys = { apiKeys: ['good'], accessTokens: ['token'] };

  test.each([
    ['a key in the query', `${path}?key=good`, {}],
    ['a key in a header', path, { 'x-goog-api-key': 'good' }],
    ['two slashes, as the SDK writes them', `/${path}?key=good`, {}],
    [
      'an ephemeral token in the query',
      `${path.replace('v1beta', 'v1alpha')}Constrained?access_token=auth_tokens/t`,
      {},
    ],
    ['an ephemeral token in a header', path, { authorization: 'Token auth_tokens/t' }],
  ])('the Developer API takes %s', (_, url, headers) => {
    expect(new SimulatorBench({}, keys).open({}, url, headers).story[0]).toBe('ready');
  });

  test('a wrong key is told by a close frame', () => {
    const client = new SimulatorBench({}, keys).open({}, `${path}?key=bad`);
    expect(client.closed).toMatchObject({ code: 1007, reason: 'API key not valid. Please pass a valid API key.' });
    expect(client.story).toEqual([]);
  });

  test('no key at all is a policy violation', () => {
    expect(new SimulatorBench({}, keys).open({}, path).closed?.code).toBe(1008);
  });

  test('Vertex AI takes a bearer token, its own name of the model, and gives the session an id', () => {
    const client = new SimulatorBench({}, keys).open({ model: vertexModel }, VERTEX, { authorization: 'Bearer token' });
    expect(client.arrivals[0]?.message).toEqual({ setupComplete: { sessionId: expect.any(String) } });
  });

  test.each([{}, { authorization: 'Bearer stolen' }, { authorization: 'Basic token' }])(
    'Vertex AI refuses %j before the upgrade',
    (headers) => {
      expect(new SimulatorBench({}, keys).connect(VERTEX, headers).status).toBe(401);
    },
  );

  test('another path is not found', () => {
    expect(new SimulatorBench().connect('/ws/other?key=k').status).toBe(404);
  });
});
