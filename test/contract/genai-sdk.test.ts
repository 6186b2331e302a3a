/** Google's own client holds a conversation with the simulator, so that the simulator is no mirror of our own client. */
import { readFileSync } from 'node:fs';
import { GoogleGenAI, type LiveConnectConfig, type LiveServerMessage, Modality, type Session } from '@google/genai';
import { afterEach, describe, expect, test } from 'vitest';
import { readWav } from '../../src/audio/index.ts';
import { type Clock, systemClock } from '../../src/lib/index.ts';
import { type LiveServerOptions, type LiveSimulatorServer, startLiveSimulator } from '../../src/simulator/index.ts';

const MODEL = 'gemini-3.8-live';
/** So much faster than ours runs the simulator's time: a second of it takes us 20 ms. */
const SPEED = 50;
const CHUNK_SAMPLES = 1_600;

/** Recorded speech, 11 s; a sentence of it, and the silence that ends a turn. */
const jfk = readWav(readFileSync(new URL('../../fixtures/audio/jfk-16k.wav', import.meta.url))).samples;
const sentence = jfk.subarray(0.36 * 16_000, 2.16 * 16_000);
const silence = new Int16Array(1.5 * 16_000);

const fastClock: Clock = {
  nowMs: () => systemClock.nowMs() * SPEED,
  wallMs: () => systemClock.wallMs(),
  after: (delayMs, run) => systemClock.after(delayMs / SPEED, run),
  every: (periodMs, run) => systemClock.every(periodMs / SPEED, run),
};

const open: { session?: Session; simulator?: LiveSimulatorServer } = {};

afterEach(async () => {
  open.session?.close();
  await open.simulator?.close();
  delete open.session;
  delete open.simulator;
});

async function simulate(options: Partial<LiveServerOptions>): Promise<LiveSimulatorServer> {
  open.simulator = await startLiveSimulator({ clock: fastClock, ...options });
  return open.simulator;
}

/** What the SDK told us, and a way to wait for it. */
class Conversation {
  readonly messages: LiveServerMessage[] = [];
  readonly errors: string[] = [];
  #closed: { code: number; reason: string } | undefined;
  #changed: () => void = () => undefined;

  constructor(url: string, config: LiveConnectConfig, model = MODEL, apiKey = 'key') {
    const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url, apiVersion: 'v1beta' } });
    // Of a refused setup this promise never hears, in this version of the SDK.
    this.session = client.live.connect({
      model,
      config: {
        responseModalities: [Modality.AUDIO],
        inputAudioTranscription: {},
        outputAudioTranscription: {},
        ...config,
      },
      callbacks: {
        onmessage: (message) => {
          this.messages.push(message);
          this.#changed();
        },
        onerror: ({ message }) => this.errors.push(message),
        onclose: ({ code, reason }) => {
          this.#closed = { code, reason };
          this.#changed();
        },
      },
    });
    void this.session.then((session) => {
      open.session = session;
    });
  }

  readonly session: Promise<Session>;

  /** The first message from `from` on that answers the question. */
  async until<Answer>(question: (message: LiveServerMessage) => Answer | undefined, from = 0): Promise<Answer> {
    for (let at = from; ; at++) {
      while (at >= this.messages.length) await this.#change();
      const answer = question(this.messages[at]!);
      if (answer) return answer;
    }
  }

  async closed(): Promise<{ code: number; reason: string }> {
    while (this.#closed === undefined) await this.#change();
    return this.#closed;
  }

  get said(): string {
    return this.messages.map((message) => message.serverContent?.outputTranscription?.text ?? '').join('');
  }

  get soundBytes(): number {
    return this.messages.reduce((sum, { data }) => sum + Buffer.from(data ?? '', 'base64').length, 0);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}

function speak(session: Session, ...sounds: Int16Array[]): void {
  for (const sound of sounds) {
    for (let at = 0; at < sound.length; at += CHUNK_SAMPLES) {
      const { buffer, byteOffset, byteLength } = sound.subarray(at, at + CHUNK_SAMPLES);
      const data = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
      session.sendRealtimeInput({ audio: { data, mimeType: 'audio/pcm;rate=16000' } });
    }
  }
}

const turnComplete = (message: LiveServerMessage) => message.serverContent?.turnComplete;
const interrupted = (message: LiveServerMessage) => message.serverContent?.interrupted;

describe.each([
  ['binary', true],
  ['text', false],
] as const)('over %s frames', (_, binaryFrames) => {
  test('speech is answered with speech and both transcripts', async () => {
    const simulator = await simulate({
      binaryFrames,
      scenario: {
        turns: [
          { on: 'greeting', says: 'Good morning.' },
          { on: 'speech', hears: 'And so my fellow Americans', says: 'I know how this goes on.' },
        ],
      },
    });
    const speechConfig = { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } };
    const conversation = new Conversation(simulator.url, { speechConfig, systemInstruction: 'Be nice.' });
    const session = await conversation.session;
    session.sendRealtimeInput({ text: 'Greet the caller.' });
    await conversation.until(turnComplete);
    expect(conversation.said).toBe('Good morning.');

    const before = conversation.messages.length;
    speak(session, sentence, silence);
    const heard = await conversation.until((message) => message.serverContent?.inputTranscription?.text, before);
    expect(heard).toBe('And so my fellow Americans');
    const usage = await conversation.until(
      (message) => (turnComplete(message) ? message.usageMetadata : undefined),
      before,
    );
    expect(conversation.said).toBe('Good morning.I know how this goes on.');
    // 14 characters a second at 24 kHz.
    expect(conversation.soundBytes).toBe(2 * 1_714 * conversation.said.length);
    expect(usage.totalTokenCount).toBeGreaterThan(0);

    const [record] = simulator.sessions;
    expect(record?.eventsOf('opened')[0]?.setup).toMatchObject({
      systemInstruction: { parts: [{ text: 'Be nice.' }] },
    });
    expect(record?.heard.subarray(0, sentence.length)).toEqual(sentence);
  });
});

describe('the SDK', () => {
  test('is interrupted when its caller speaks over the answer', async () => {
    // A minute: long enough for the slowest machine to interrupt it.
    const sound = { toneHz: 440, lengthMs: 60_000 };
    const simulator = await simulate({ scenario: { turns: [{ on: 'greeting', says: 'A long answer.', sound }] } });
    const conversation = new Conversation(simulator.url, {});
    const session = await conversation.session;
    session.sendClientContent({ turns: 'Hello', turnComplete: true });
    await conversation.until((message) => message.data);
    speak(session, sentence);
    await conversation.until(interrupted);
    const at = conversation.messages.findIndex(interrupted);
    await conversation.until(turnComplete, at);
    expect(conversation.messages.slice(at).filter(({ data }) => data !== undefined)).toEqual([]);
  });

  test('answers a function call, and hears what comes of it', async () => {
    const simulator = await simulate({
      scenario: {
        turns: [
          { on: 'greeting', calls: [{ name: 'look_up', args: { day: 'Friday' } }] },
          { on: 'toolResult', says: 'You are expected on Friday.' },
        ],
      },
    });
    const tools = [{ functionDeclarations: [{ name: 'look_up', parametersJsonSchema: { type: 'object' } }] }];
    const conversation = new Conversation(simulator.url, { tools });
    const session = await conversation.session;
    session.sendRealtimeInput({ text: 'When am I expected?' });
    const [call] = await conversation.until((message) => message.toolCall?.functionCalls);
    expect(call).toMatchObject({ name: 'look_up', args: { day: 'Friday' } });
    const before = conversation.messages.length;
    session.sendToolResponse({ functionResponses: [{ id: call!.id!, name: 'look_up', response: { output: 'yes' } }] });
    await conversation.until((message) => message.serverContent?.generationComplete, before + 1);
    expect(conversation.said).toBe('You are expected on Friday.');
  });

  test('is told to go, and resumes with its handle where it was', async () => {
    const simulator = await simulate({
      scenario: {
        turns: [
          { on: 'greeting', says: 'One.', fault: { kind: 'goAway', timeLeftMs: 60_000 } },
          { on: 'text', says: 'Two.' },
        ],
      },
    });
    const first = new Conversation(simulator.url, { sessionResumption: {} });
    const firstSession = await first.session;
    const handle = await first.until((message) => message.sessionResumptionUpdate?.newHandle);
    firstSession.sendRealtimeInput({ text: 'Count.' });
    expect(await first.until((message) => message.goAway?.timeLeft)).toBe('60s');
    firstSession.close();
    await first.closed();

    const second = new Conversation(simulator.url, { sessionResumption: { handle } });
    const session = await second.session;
    session.sendRealtimeInput({ text: 'Go on.' });
    await second.until(turnComplete);
    expect(second.said).toBe('Two.');
    expect(simulator.sessions).toHaveLength(1);
  });

  test('lists the models that can be talked to', async () => {
    const simulator = await simulate({});
    const client = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: simulator.url, apiVersion: 'v1beta' } });
    const live: string[] = [];
    for await (const model of await client.models.list()) {
      if (model.supportedActions?.includes('bidiGenerateContent')) live.push(model.name ?? '');
    }
    expect(live).toEqual(['models/gemini-3.8-live', 'models/gemini-3.8-live-extended-thinking']);
  });

  test('generates content, in the shape of its schema', async () => {
    const simulator = await simulate({});
    const client = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: simulator.url, apiVersion: 'v1beta' } });
    const response = await client.models.generateContent({
      model: 'gemini-3.8-flash',
      contents: 'Sum up the call.',
      config: {
        responseMimeType: 'application/json',
        responseJsonSchema: {
          type: 'object',
          properties: { summary: { type: 'string' }, mood: { enum: ['good', 'bad'] }, topics: { type: 'array' } },
        },
      },
    });
    expect(JSON.parse(response.text ?? '')).toEqual({ summary: 'simulated', mood: 'good', topics: [] });
    expect(response.usageMetadata?.totalTokenCount).toBeGreaterThan(0);
  });
});

describe('the SDK is refused', () => {
  const refused = async (
    config: LiveConnectConfig,
    options: Partial<LiveServerOptions> = {},
    model?: string,
    key?: string,
  ) => {
    const simulator = await simulate(options);
    const conversation = new Conversation(simulator.url, config, model, key);
    const { code, reason } = await conversation.closed();
    expect(conversation.messages).toEqual([]);
    return `${code} ${reason}${conversation.errors.join(' ')}`;
  };

  test('with text as output', async () => {
    expect(await refused({ responseModalities: [Modality.TEXT] })).toBe(
      '1007 The requested combination of response modalities (TEXT) is not supported by the model.',
    );
  });

  test('with affective dialog', async () => {
    const simulator = await simulate({});
    const conversation = new Conversation(simulator.url, { enableAffectiveDialog: true });
    const session = await conversation.session;
    session.sendRealtimeInput({ text: 'Hello' });
    expect(await conversation.closed()).toEqual({ code: 1007, reason: 'Request contains an invalid argument.' });
  });

  test('with a model that is off', async () => {
    const reason = await refused({}, {}, 'gemini-2.0-flash-live-001');
    expect(reason).toMatch(
      /^1008 models\/gemini-2.0-flash-live-001 is not found for API version v1beta, or is not supported/,
    );
  });

  test('with a wrong key', async () => {
    expect(await refused({}, { apiKeys: ['other'] })).toBe('1007 API key not valid. Please pass a valid API key.');
  });

  test('with an unknown handle', async () => {
    expect(await refused({ sessionResumption: { handle: 'h' } })).toBe('1008 Requested entity was not found.');
  });

  test('by HTTP', async () => {
    const scenario = { faults: [{ kind: 'httpStatus' as const, status: 429 }] };
    expect(await refused({}, { scenario })).toBe('1006 Unexpected server response: 429');
  });
});
