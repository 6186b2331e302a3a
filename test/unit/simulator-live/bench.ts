/** A client on a socket in memory, before the simulated service on a clock wound by hand. */
import { readFileSync } from 'node:fs';
import { bytesOfPcm, type Pcm, pcm, readWav } from '../../../src/audio/index.ts';
import type { Ids } from '../../../src/lib/index.ts';
import { createLiveSimulator, type LiveSimulatorOptions, type ScenarioInput } from '../../../src/simulator/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemorySocket } from '../../support/memory-socket.ts';

export const DEVELOPER = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k';
export const VERTEX = '/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent';

type Json = Record<string, unknown>;
/** A message as it came, and when, in ms from the start of the bench. */
export interface Arrival {
  readonly atMs: number;
  readonly message: Json;
}

/** Speech, from a recording: 11 s that begin with about 0.3 s of quiet. */
const SPEECH = readWav(readFileSync(new URL('../../../fixtures/audio/jfk-16k.wav', import.meta.url))).samples;
/** One sentence of it: voice from its first sample to its last. */
export const sentence = pcm(SPEECH.subarray(0.36 * 16_000, 2.16 * 16_000), 16_000);
export const CHUNK_MS = 100;

/** Counts, so that every id is known beforehand. */
export function countingIds(): Ids {
  let count = 0;
  return {
    uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
    nonce: () => `nonce-${++count}`,
    // Steps of the golden section: in order, spread, and without a period.
    fraction: () => (++count * 0.618_034) % 1,
  };
}

export class SimulatorBench {
  readonly clock = new ManualClock();
  readonly simulator;
  readonly #startMs = this.clock.nowMs();

  constructor(scenario: ScenarioInput = {}, options: Partial<LiveSimulatorOptions> = {}) {
    this.simulator = createLiveSimulator({ clock: this.clock, ids: countingIds(), scenario, ...options });
  }

  get nowMs(): number {
    return this.clock.nowMs() - this.#startMs;
  }

  connect(url = DEVELOPER, headers: Record<string, string> = {}): Client {
    const [ours, theirs] = MemorySocket.pair(this.clock);
    const status = this.simulator.connectInMemory(theirs, { url, headers });
    return new Client(this, ours, status);
  }

  /** A client whose setup is complete. */
  open(setup: Json = {}, url = DEVELOPER, headers: Record<string, string> = {}): Client {
    const client = this.connect(url, headers);
    client.setUp(setup);
    this.clock.tick(700);
    return client;
  }
}

export class Client {
  readonly arrivals: Arrival[] = [];
  closed: { readonly code: number; readonly reason: string; readonly atMs: number } | undefined;
  readonly #bench: SimulatorBench;
  readonly #socket: MemorySocket;
  /** The HTTP status that refused the upgrade. */
  readonly status: number | undefined;

  constructor(bench: SimulatorBench, socket: MemorySocket, status: number | undefined) {
    this.#bench = bench;
    this.#socket = socket;
    this.status = status;
    socket.on('message', (data: Buffer) => {
      this.arrivals.push({ atMs: bench.nowMs, message: JSON.parse(data.toString()) as Json });
    });
    socket.on('close', (code: number, reason: Buffer) => {
      this.closed = { code, reason: reason.toString(), atMs: bench.nowMs };
    });
  }

  setUp(setup: Json = {}): void {
    this.send({
      setup: {
        model: 'models/gemini-3.8-live',
        generationConfig: { responseModalities: ['AUDIO'] },
        inputAudioTranscription: {},
        outputAudioTranscription: {},
        ...setup,
      },
    });
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    this.#bench.clock.tick(0);
  }

  sendText(text: string): void {
    this.send({ realtimeInput: { text } });
  }

  /** In real time, as a phone sends it. */
  say(samples: Pcm<16000>): void {
    for (let at = 0; at < samples.length; at += CHUNK_MS * 16) {
      this.sendAudio(pcm(samples.subarray(at, at + CHUNK_MS * 16), 16_000));
      this.#bench.clock.tick(CHUNK_MS);
    }
  }

  sendAudio(samples: Int16Array, mimeType = 'audio/pcm;rate=16000'): void {
    const data = Buffer.from(bytesOfPcm(pcm(samples, 16_000))).toString('base64');
    this.send({ realtimeInput: { audio: { mimeType, data } } });
  }

  saySilence(lengthMs: number): void {
    this.say(pcm(new Int16Array(lengthMs * 16), 16_000));
  }

  close(code = 1000): void {
    this.#socket.close(code);
    this.#bench.clock.tick(0);
  }

  drop(): void {
    this.#socket.terminate();
    this.#bench.clock.tick(0);
  }

  /** The last handle that came. */
  get handle(): string {
    const updates = this.arrivals.flatMap(({ message }) => message['sessionResumptionUpdate'] ?? []) as {
      newHandle: string;
    }[];
    return updates.at(-1)?.newHandle ?? '';
  }

  /** Everything of interest, one word a message part, in order; sound is summed up. */
  get story(): readonly string[] {
    const words = this.arrivals.flatMap(({ message }) => wordsOf(message));
    return words.filter((word, index) => word !== 'sound' || words[index - 1] !== 'sound');
  }

  /** The story since the last time it was asked for. */
  next(): readonly string[] {
    const story = this.story;
    this.arrivals.length = 0;
    return story;
  }

  at(word: string): number {
    return this.arrivals.find(({ message }) => wordsOf(message).includes(word))?.atMs ?? Number.NaN;
  }

  get soundMs(): number {
    return this.arrivals.reduce((sum, { message }) => sum + soundBytesOf(message) / 48, 0);
  }
}

interface Content {
  modelTurn?: { parts: { inlineData: { data: string } }[] };
  inputTranscription?: { text: string };
  outputTranscription?: { text: string };
  generationComplete?: boolean;
  interrupted?: boolean;
  turnComplete?: boolean;
}

export function contentOf(message: Json): Content {
  return (message['serverContent'] ?? {}) as Content;
}

export function soundBytesOf(message: Json): number {
  const part = contentOf(message).modelTurn?.parts[0];
  return part === undefined ? 0 : Buffer.from(part.inlineData.data, 'base64').length;
}

export function wordsOf(message: Json): readonly string[] {
  const content = contentOf(message);
  const activity = message['voiceActivity'] as { type: string } | undefined;
  return [
    'setupComplete' in message && 'ready',
    'sessionResumptionUpdate' in message && 'handle',
    activity?.type,
    content.inputTranscription && `heard: ${content.inputTranscription.text}`,
    content.modelTurn && 'sound',
    'toolCall' in message && 'toolCall',
    'toolCallCancellation' in message && 'toolCallCancellation',
    'goAway' in message && 'goAway',
    content.interrupted && 'interrupted',
    content.generationComplete && 'generationComplete',
    content.turnComplete && 'turnComplete',
  ].filter((word) => typeof word === 'string');
}

export const story: ScenarioInput = {
  turns: [
    { on: 'greeting', says: 'Good morning, this is a test of a long greeting that goes on for quite a while.' },
    { on: 'speech', hears: 'And so my fellow Americans', says: 'I have heard this before.' },
    { on: 'speech', hears: 'Once more', says: 'And again.' },
  ],
  fallbackTurn: { says: 'Nothing more.' },
};

/** A bench whose client hears the greeting; `heardMs` of it have been played. */
export function greeted(heardMs: number, setup: object = {}, scenario = story) {
  const bench = new SimulatorBench(scenario);
  const client = bench.open({ ...setup });
  client.next();
  client.sendText('Greet the caller.');
  bench.clock.tick(520 + heardMs);
  return { bench, client };
}
