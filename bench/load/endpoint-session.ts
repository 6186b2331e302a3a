/** One session of the bench's Live endpoint: it greets when it is told to, and then takes a turn every five seconds. */
import type { WebSocket } from 'ws';
import { g711 } from '../../src/audio/index.ts';
import type { Sighting } from './delays.ts';
import { nowMs } from './helper.ts';
import { BASE, createWordFinder, numberOf, type WordFinder } from './pulses.ts';
import { BURST_MESSAGES, burst, CALL_DIGITS, MESSAGE_MS, WORD_AT_MS, wordMessages } from './sounds.ts';

/** What the real service takes from the connection to `setupComplete`: gemini-live.md, 225 to 335 ms; the dialling apart. */
const SETUP_MS = 250;
/** The real service sends sound four to seven times as fast as it sounds. */
const SPEED = 5;
const EVERY_MS = MESSAGE_MS / SPEED;
export const CYCLE_MS = 5_000;
const SPOKEN_MS = BURST_MESSAGES * MESSAGE_MS;
/** Every so many turns the caller speaks over the agent, after so long. */
const INTERRUPTED_EVERY = 4;
const INTERRUPTED_AFTER_MS = 1_200;
const CALLER_SPEAKS_AT_MS = 4_400;
/** Spreads any number of sessions evenly over the time of a turn. */
const GOLDEN = 0.618_034;
/** At a burst's beginning, middle and end, as a relay may be busy with the burst itself. */
const WORDS_AT: ReadonlySet<number> = new Set([2, 22, 42]);
/** Fragments of what is said, about as often as they come. */
const FRAGMENTS: Readonly<Record<number, string>> = {
  0: 'Yes, I can hear ',
  15: 'you clearly. How can',
  30: ' I help you today?',
};
/** A frame of the phone's, at 16 kHz in base64, is 853 bytes; peers may send several in one. */
const MAX_AUDIO_BYTES = 64 * 1024;

const SPEECH = burst();
const WORDS = wordMessages();
const ULAW = g711('ulaw');
const bytes = (message: unknown): Buffer => Buffer.from(JSON.stringify(message));
const SETUP_COMPLETE = bytes({ setupComplete: {} });
const FRAGMENT = Object.fromEntries(
  Object.entries(FRAGMENTS).map(([index, text]) => [
    index,
    bytes({ serverContent: { outputTranscription: { text } } }),
  ]),
);
const HEARD = bytes({ serverContent: { inputTranscription: { text: 'Hi, can you hear me?' } } });
const GENERATED = bytes({ serverContent: { generationComplete: true } });
const INTERRUPTED = bytes({ serverContent: { interrupted: true } });
const TURN_COMPLETE = bytes({
  serverContent: { turnComplete: true },
  usageMetadata: { promptTokenCount: 700, responseTokenCount: 119, totalTokenCount: 819 },
});

const scratch = Buffer.alloc(MAX_AUDIO_BYTES);
const scratchSamples = new Int16Array(scratch.buffer, scratch.byteOffset, MAX_AUDIO_BYTES / 2);

export interface EndpointSeen {
  readonly upArrived: Sighting[];
  /** How much later in its piece of sound a word lies than where the phone put it: what filters delay. */
  readonly upFilterMs: number[];
  readonly downSent: Sighting[];
  readonly interrupted: Sighting[];
}

export const nothingSeen = (): EndpointSeen => ({ upArrived: [], upFilterMs: [], downSent: [], interrupted: [] });

export class EndpointSession {
  readonly #socket: WebSocket;
  readonly #seen: () => EndpointSeen;
  readonly #number: number;
  readonly #firstTurnMs: number;
  #call: number | undefined;
  #ready = false;
  #finder: WordFinder | undefined;
  #turnMs = 0;
  /** Infinity until the greeting. */
  #nextTurnMs = Number.POSITIVE_INFINITY;
  #turns = 0;
  #sent = 0;
  #word = 0;
  #steps: { readonly atMs: number; readonly messages: readonly Buffer[] }[] = [];

  /** `number`: how many came before; it keeps the sessions' turns apart. */
  constructor(socket: WebSocket, seen: () => EndpointSeen, number: number) {
    this.#number = number;
    this.#socket = socket;
    this.#seen = seen;
    this.#firstTurnMs = CYCLE_MS * (1 + ((number * GOLDEN) % 1));
    socket.on('message', (data: Buffer) => this.#receive(data));
  }

  #receive(data: Buffer): void {
    const atMs = nowMs();
    const from = data.indexOf('"data":"') + 8;
    if (from >= 8 && data.subarray(0, 40).includes('"audio"')) {
      this.#hear(data, from, atMs);
      return;
    }
    const message = JSON.parse(data.toString());
    if (message.setup !== undefined) {
      setTimeout(() => {
        this.#ready = true;
        this.#socket.send(SETUP_COMPLETE);
      }, SETUP_MS);
    } else if (
      this.#ready &&
      this.#turns === 0 &&
      (message.clientContent ?? message.realtimeInput?.text) !== undefined
    ) {
      this.#beginTurn(atMs);
      this.#nextTurnMs = atMs + this.#firstTurnMs;
      this.tick(atMs);
    }
  }

  #hear(data: Buffer, from: number, atMs: number): void {
    const length = scratch.write(data.toString('latin1', from, data.indexOf('"', from)), 'base64');
    if (data.includes('audio/pcmu')) {
      const samples = ULAW.decode(scratch.subarray(0, length));
      this.#finder ??= this.#listen(8_000);
      this.#finder.push(samples, samples.length, atMs);
    } else {
      this.#finder ??= this.#listen(16_000);
      this.#finder.push(scratchSamples, length >> 1, atMs);
    }
  }

  #listen(rateHz: number): WordFinder {
    return createWordFinder(rateHz, CALL_DIGITS, ({ digits, at, offsetMs }) => {
      this.#call = numberOf(digits);
      this.#seen().upArrived.push({ call: this.#call, tag: 0, atMs: at });
      this.#seen().upFilterMs.push(offsetMs - WORD_AT_MS);
    });
  }

  /** To be called every few milliseconds. */
  tick(atMs: number): void {
    while (this.#sent < BURST_MESSAGES && this.#turns > 0 && this.#turnMs + this.#sent * EVERY_MS <= atMs)
      this.#speak();
    while (this.#steps.length > 0 && this.#steps[0]!.atMs <= atMs) {
      const { messages } = this.#steps.shift()!;
      if (messages.includes(INTERRUPTED)) this.#note(this.#seen().interrupted, 0);
      for (const message of messages) this.#socket.send(message);
    }
    if (atMs >= this.#nextTurnMs) {
      this.#socket.send(HEARD);
      this.#socket.send(activity('ACTIVITY_END'));
      this.#beginTurn(this.#nextTurnMs);
    }
  }

  #beginTurn(atMs: number): void {
    this.#turnMs = atMs;
    this.#nextTurnMs = atMs + CYCLE_MS;
    this.#turns += 1;
    this.#sent = 0;
    const cut = this.#turns > 1 && (this.#turns + this.#number) % INTERRUPTED_EVERY === 0;
    this.#steps = [
      cut
        ? { atMs: atMs + INTERRUPTED_AFTER_MS, messages: [activity('ACTIVITY_START'), INTERRUPTED, TURN_COMPLETE] }
        : { atMs: atMs + SPOKEN_MS, messages: [TURN_COMPLETE] },
      { atMs: atMs + CALLER_SPEAKS_AT_MS, messages: [activity('ACTIVITY_START')] },
    ];
  }

  #speak(): void {
    const index = this.#sent++;
    const fragment = FRAGMENT[index];
    if (fragment !== undefined) this.#socket.send(fragment);
    if (WORDS_AT.has(index)) {
      const digit = this.#word++ % BASE;
      this.#note(this.#seen().downSent, digit);
      this.#socket.send(WORDS[digit]!);
    } else {
      this.#socket.send(SPEECH[index]!);
    }
    if (this.#sent === BURST_MESSAGES) this.#socket.send(GENERATED);
  }

  #note(list: Sighting[], tag: number): void {
    if (this.#call !== undefined) list.push({ call: this.#call, tag, atMs: nowMs() });
  }
}

function activity(type: 'ACTIVITY_START' | 'ACTIVITY_END'): Buffer {
  return bytes({ voiceActivity: { type, audioOffset: '0.280s' } });
}
