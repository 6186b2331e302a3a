/** One of the bench's phones: it rings, sends a frame every 20 ms of an absolute schedule, and plays what comes as Twilio does. */
import { WebSocket } from 'ws';
import { ACCOUNT_SID } from '../service.ts';
import type { Sighting } from './delays.ts';
import type { Ear } from './ear.ts';
import { nowMs } from './helper.ts';
import { ANSWER_LIMIT_MS, type Lifted, lift, signed, type Target } from './ring.ts';
import { FRAME_MS, quietFrames, speechFrames, WORD_FRAMES, wordFrames } from './sounds.ts';

export interface PhoneSeen {
  readonly upSent: Sighting[];
  readonly downArrived: Sighting[];
  readonly downFilterMs: number[];
  readonly cleared: Sighting[];
  frames: number;
  /** Sent more than a frame's length after their time: then the bench itself is too slow. */
  lateFrames: number;
}

export const nothingSeen = (): PhoneSeen => ({
  upSent: [],
  downArrived: [],
  downFilterMs: [],
  cleared: [],
  frames: 0,
  lateFrames: 0,
});

export interface PhoneOptions {
  /** Its number, below 4,096: what its clicks say. */
  readonly call: number;
  readonly hurried: boolean;
  readonly target: Target;
  readonly ear: Ear;
  readonly seen: () => PhoneSeen;
}

/** How a call began, in ms of the shared clock. */
export interface Beginning {
  /** Whether its session had the time that a provider takes from the webhook to the stream; one without a webhook had not. */
  readonly ready: boolean;
  readonly askedMs: number | undefined;
  readonly startedMs: number;
  readonly heardMs: number | undefined;
}

/** A word that says which call it is, once a second. */
const WORD_EVERY_FRAMES = 50;
/** The caller speaks for two seconds, from a little after the agent has said its two. */
const SPEAKS_AFTER_MS = 2_300;
const SPEAKS_FOR_MS = 2_000;
/** Sound after this much of none begins a new turn of the agent's. */
const NEW_TURN_MS = 1_000;

const QUIET = quietFrames();
const SPEECH = speechFrames();

export class Phone {
  readonly #call: number;
  readonly #ear: Ear;
  readonly #seen: () => PhoneSeen;
  readonly #words: readonly string[];
  readonly #streamSid: string;
  readonly #socket: WebSocket;
  readonly #lifted: Lifted;
  #startedMs = 0;
  #heardMs: number | undefined;
  #frame = 0;
  #sequence = 1;
  #speaksFromMs = Number.POSITIVE_INFINITY;
  #lastSoundMs = Number.NEGATIVE_INFINITY;
  #playedUntilMs = 0;
  #marks: { readonly name: string; readonly atMs: number }[] = [];
  #closed = false;

  private constructor(call: number, ear: Ear, seen: () => PhoneSeen, lifted: Lifted, socket: WebSocket) {
    this.#call = call;
    this.#ear = ear;
    this.#seen = seen;
    this.#lifted = lifted;
    this.#socket = socket;
    this.#words = wordFrames(call);
    this.#streamSid = `MZ${String(call).padStart(32, '0')}`;
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('close', () => {
      this.#closed = true;
    });
    socket.on('error', () => socket.terminate());
  }

  /** Resolves when the stream has started. */
  static async call({ call, hurried, target, ear, seen }: PhoneOptions): Promise<Phone> {
    const lifted = await lift(call, hurried, target);
    const socket = new WebSocket(lifted.streamUrl, {
      perMessageDeflate: false,
      handshakeTimeout: ANSWER_LIMIT_MS,
      headers: { 'x-twilio-signature': signed(lifted.streamUrl, {}) },
    });
    const phone = new Phone(call, ear, seen, lifted, socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    phone.#start();
    return phone;
  }

  get beginning(): Beginning {
    const { hurried, askedMs } = this.#lifted;
    return { ready: !hurried && askedMs !== undefined, askedMs, startedMs: this.#startedMs, heardMs: this.#heardMs };
  }

  get closed(): boolean {
    return this.#closed;
  }

  #start(): void {
    const start = {
      accountSid: ACCOUNT_SID,
      streamSid: this.#streamSid,
      callSid: this.#lifted.callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: this.#lifted.parameters,
    };
    this.#socket.send(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
    this.#startedMs = nowMs();
    this.#say({ event: 'start', start });
  }

  /** Its next frame, which was due at this time. */
  frame(dueMs: number): void {
    if (this.#closed) return;
    const atMs = nowMs();
    const seen = this.#seen();
    seen.frames += 1;
    if (atMs - dueMs > FRAME_MS) seen.lateFrames += 1;
    while (this.#marks.length > 0 && this.#marks[0]!.atMs <= atMs) this.#echo(this.#marks.shift()!.name);
    const frame = this.#frame++;
    // Each call in a frame of its own, so that words do not come from all at once.
    const place = (frame + this.#call * 7) % WORD_EVERY_FRAMES;
    const speaks = atMs >= this.#speaksFromMs && atMs < this.#speaksFromMs + SPEAKS_FOR_MS;
    const payload =
      place < WORD_FRAMES && frame >= place ? this.#words[place]! : (speaks ? SPEECH : QUIET)[frame % QUIET.length]!;
    if (place === 0) seen.upSent.push({ call: this.#call, tag: 0, atMs });
    this.#socket.send(
      `{"event":"media","sequenceNumber":"${++this.#sequence}","media":{"track":"inbound","chunk":"${frame + 1}","timestamp":"${frame * FRAME_MS}","payload":"${payload}"},"streamSid":"${this.#streamSid}"}`,
    );
  }

  hangUp(): void {
    if (this.#closed) return;
    this.#say({ event: 'stop', stop: { accountSid: ACCOUNT_SID, callSid: this.#lifted.callSid } });
    this.#socket.close();
  }

  /** What Twilio tells of a call that is over. */
  async bid(): Promise<void> {
    await this.#lifted.over();
  }

  #receive(data: Buffer): void {
    const atMs = nowMs();
    const message = JSON.parse(data.toString());
    switch (message.event) {
      case 'media':
        this.#hear(message.media.payload, atMs);
        break;
      case 'mark':
        this.#marks.push({ name: message.mark.name, atMs: this.#playedUntilMs });
        break;
      case 'clear':
        this.#seen().cleared.push({ call: this.#call, tag: 0, atMs });
        this.#playedUntilMs = atMs;
        for (const { name } of this.#marks.splice(0)) this.#echo(name);
        break;
    }
  }

  #hear(payload: string, atMs: number): void {
    this.#heardMs ??= atMs;
    if (atMs - this.#lastSoundMs > NEW_TURN_MS) this.#speaksFromMs = atMs + SPEAKS_AFTER_MS;
    this.#lastSoundMs = atMs;
    const lengthMs = this.#ear(payload, atMs);
    this.#playedUntilMs = Math.max(atMs, this.#playedUntilMs) + lengthMs;
  }

  #echo(name: string): void {
    this.#say({ event: 'mark', mark: { name } });
  }

  #say(message: Readonly<Record<string, unknown>>): void {
    this.#socket.send(
      JSON.stringify({ ...message, sequenceNumber: String(++this.#sequence), streamSid: this.#streamSid }),
    );
  }
}
