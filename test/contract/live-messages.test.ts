/** Our messages beside those of Google's own client, and the messages that the service was seen to send. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  ActivityHandling,
  Behavior,
  EndSensitivity,
  FunctionResponseScheduling,
  GoogleGenAI,
  type LiveConnectConfig,
  Modality,
  type Session,
  StartSensitivity,
  ThinkingLevel,
  TurnCoverage,
} from '@google/genai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { pcm } from '../../src/audio/index.ts';
import { decode } from '../../src/live/decode.ts';
import { activityMessage, audioMessage, seedMessage, textMessage, toolMessage } from '../../src/live/encode.ts';
import type { LiveSettings } from '../../src/live/settings.ts';
import { setupMessage } from '../../src/live/setup.ts';

const SETTINGS: LiveSettings = {
  model: 'gemini-3.8-live',
  features: {
    googleSearch: true,
    functionCalling: true,
    codeExecution: true,
    affectiveDialog: true,
    proactiveAudio: true,
    thinking: 'level',
    realtimeText: true,
  },
  voice: 'Kore',
  language: 'en-US',
  instruction: 'be nice',
  turnTaking: {
    detection: 'model',
    bargeIn: false,
    startSensitivity: 'low',
    endSensitivity: 'high',
    prefixPaddingMs: 20,
    silenceMs: 500,
    coverage: 'allInput',
  },
  transcription: { caller: true, agent: true, languages: ['en-US'], vocabulary: [] },
  compression: { triggerTokens: 25_600, targetTokens: 12_800 },
  sampling: {
    temperature: 1,
    topP: 0.95,
    topK: 40,
    maxOutputTokens: 8_192,
    seed: 1,
  },
  thinking: { level: 'low' },
  affectiveDialog: true,
  proactiveAudio: true,
  googleSearch: true,
  codeExecution: true,
  functions: [
    { name: 'end_call', description: 'x', behavior: 'NON_BLOCKING', parameters: { type: 'object', properties: {} } },
  ],
};

/** The same wishes in the words of Google's client. */
const SDK_CONFIG: LiveConnectConfig = {
  responseModalities: [Modality.AUDIO],
  speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } }, languageCode: 'en-US' },
  temperature: 1,
  topP: 0.95,
  topK: 40,
  maxOutputTokens: 8_192,
  seed: 1,
  thinkingConfig: { thinkingLevel: ThinkingLevel.LOW },
  enableAffectiveDialog: true,
  proactivity: { proactiveAudio: true },
  systemInstruction: 'be nice',
  tools: [
    {
      functionDeclarations: [
        {
          name: 'end_call',
          description: 'x',
          behavior: Behavior.NON_BLOCKING,
          parametersJsonSchema: { type: 'object', properties: {} },
        },
      ],
    },
    { googleSearch: {} },
    { codeExecution: {} },
  ],
  sessionResumption: { handle: 'h' },
  inputAudioTranscription: { languageCodes: ['en-US'] },
  outputAudioTranscription: {},
  realtimeInputConfig: {
    automaticActivityDetection: {
      disabled: false,
      startOfSpeechSensitivity: StartSensitivity.START_SENSITIVITY_LOW,
      endOfSpeechSensitivity: EndSensitivity.END_SENSITIVITY_HIGH,
      prefixPaddingMs: 20,
      silenceDurationMs: 500,
    },
    activityHandling: ActivityHandling.NO_INTERRUPTION,
    turnCoverage: TurnCoverage.TURN_INCLUDES_ALL_INPUT,
  },
  contextWindowCompression: { triggerTokens: '25600', slidingWindow: { targetTokens: '12800' } },
};

describe('what we send is what Google’s own client sends', () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const sent: unknown[] = [];
  let session: Session;

  beforeAll(async () => {
    server.on('connection', (peer) => {
      peer.on('message', (data: Buffer) => {
        sent.push(JSON.parse(data.toString()));
        if (sent.length === 1) peer.send('{"setupComplete":{}}');
      });
    });
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl, apiVersion: 'v1beta' } });
    session = await client.live.connect({
      model: 'gemini-3.8-live',
      config: SDK_CONFIG,
      callbacks: { onmessage: () => undefined },
    });
  });
  afterAll(async () => {
    const closed = Promise.all([...server.clients].map((client) => once(client, 'close')));
    session.close();
    await closed;
    server.close();
  });

  /** What the client sends next, once it has been told to. */
  const nextSent = async (say: () => void): Promise<unknown> => {
    const [peer] = server.clients;
    const came = once(peer!, 'message');
    say();
    await came;
    return sent.at(-1);
  };

  test('the setup, but for the role that the client gives to an instruction', () => {
    const ours = setupMessage(SETTINGS, { kind: 'developer', apiKey: 'k' }, { handle: 'h' });
    const instruction = { ...ours.setup.systemInstruction, role: 'user' };
    expect({ setup: { ...ours.setup, systemInstruction: instruction } }).toEqual(sent[0]);
  });

  test('sound', async () => {
    const theirs = await nextSent(() =>
      session.sendRealtimeInput({ audio: { data: 'AQD+/w==', mimeType: 'audio/pcm;rate=16000' } }),
    );
    expect(JSON.parse(Buffer.from(audioMessage(pcm(Int16Array.of(1, -2), 16_000))).toString())).toEqual(theirs);
  });

  test('text, in both ways', async () => {
    const realtime = await nextSent(() => session.sendRealtimeInput({ text: 'hi' }));
    expect(JSON.parse(textMessage('hi', true))).toEqual(realtime);
    const turn = await nextSent(() => session.sendClientContent({ turns: 'hi' }));
    expect(JSON.parse(textMessage('hi', false))).toEqual(turn);
  });

  test('a history', async () => {
    const theirs = await nextSent(() =>
      session.sendClientContent({
        turns: [
          { role: 'user', parts: [{ text: 'Hello' }] },
          { role: 'model', parts: [{ text: 'Hi!' }] },
        ],
        turnComplete: false,
      }),
    );
    const turns = [
      { speaker: 'caller', text: 'Hello' },
      { speaker: 'agent', text: 'Hi!' },
    ] as const;
    expect(JSON.parse(seedMessage(turns, false))).toEqual(theirs);
  });

  test('the edges of speech', async () => {
    const start = await nextSent(() => session.sendRealtimeInput({ activityStart: {} }));
    expect(JSON.parse(activityMessage('started'))).toEqual(start);
    const end = await nextSent(() => session.sendRealtimeInput({ activityEnd: {} }));
    expect(JSON.parse(activityMessage('ended'))).toEqual(end);
  });

  test('the answer of a tool', async () => {
    const theirs = await nextSent(() =>
      session.sendToolResponse({
        functionResponses: [
          { id: 'x', name: 'f', response: { output: 'ok' }, scheduling: FunctionResponseScheduling.SILENT },
        ],
      }),
    );
    const declared = [{ name: 'f', description: 'd', scheduling: 'SILENT' } as const];
    expect(JSON.parse(toolMessage([{ id: 'x', name: 'f', response: { output: 'ok' } }], declared))).toEqual(theirs);
  });
});

describe('what the service was seen, or is documented, to send is understood', () => {
  // https://ai.google.dev/api/live, the types of @google/genai, and measured sessions.
  test.each<[sent: object, understood: string[]]>([
    [{}, []],
    [{ serverContent: {} }, []],
    [{ setupComplete: { sessionId: 's' } }, []],
    [
      {
        serverContent: {
          modelTurn: { role: 'model', parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data: 'AAAA' } }] },
          inputTranscription: { text: 'a', finished: true, languageCode: 'en-US' },
          outputTranscription: { text: 'b' },
          interimInputTranscription: { text: 'c' },
          generationComplete: true,
          interrupted: true,
          turnComplete: true,
          turnCompleteReason: 'NEED_MORE_INPUT',
          waitingForInput: true,
          interactionStatus: 'IDLE',
          groundingMetadata: {},
          urlContextMetadata: {},
          speechState: 'SPEECH',
        },
      },
      ['transcribed', 'transcribed', 'audio', 'grounded', 'generationCompleted', 'bargedIn', 'turnCompleted'],
    ],
    [{ toolCall: { functionCalls: [{ id: 'call_360228', name: 'book', args: { day: 'Friday' } }] } }, ['toolsCalled']],
    [{ toolCallCancellation: { ids: ['call_360228'] } }, ['toolsCancelled']],
    [{ goAway: { timeLeft: '50s' } }, ['leaving']],
    [{ sessionResumptionUpdate: { newHandle: 'h', resumable: true } }, ['handleOffered']],
    [{ sessionResumptionUpdate: { lastConsumedClientMessageIndex: '12' } }, ['handleOffered']],
    [{ voiceActivity: { type: 'ACTIVITY_START', audioOffset: '0.160s' } }, ['voiceActivity']],
    [{ voiceActivityDetectionSignal: { vadSignalType: 'VAD_SIGNAL_TYPE_SOS' } }, []],
    [
      {
        usageMetadata: {
          promptTokenCount: 768,
          responseTokenCount: 15,
          totalTokenCount: 783,
          promptTokensDetails: [{ modality: 'TEXT', tokenCount: 700 }],
          serviceTier: 'standard',
        },
      },
      ['used'],
    ],
    // The set of counts that Vertex documents.
    [{ usageMetadata: { totalTokenCount: '783', textCount: 3, audioDurationSeconds: 2 } }, ['used']],
  ])('%j', (message, understood) => {
    const decoded = decode(JSON.stringify(message));
    expect(decoded.events.map(({ type }) => type)).toEqual(understood);
    expect(decoded.unknownKeys).toEqual([]);
    expect(decoded.setupComplete).toBe('setupComplete' in message);
  });
});
