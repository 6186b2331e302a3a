/**
 * The caller's voice on its way to the model: decoded, measured, watched for speech, brought to 16 kHz, and then sent,
 * held or dropped as the call's phase says. Gaps in the provider's time line become silence of the same length, and so does
 * the time in which nothing comes, so that the model's detection of turns keeps time.
 */
import {
  createLevelMeter,
  createSpeechGate,
  durationMs,
  type G711,
  type LevelSummary,
  type Pcm,
  pcm,
  rmsDbov,
  SPEECH_ONSET_MS,
  upsampler8to16,
} from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { CallerGuard } from './caller-guard.ts';
import { type Place, Timeline } from './timeline.ts';

/** Quieter than any voice: what is left out of late sound is nothing that the caller said. */
const QUIET_DBOV = -50;
const SAMPLES_PER_MS = 8;

export type CallerAudioFlow = 'forward' | 'hold' | 'drop';

export interface UplinkHandlers {
  /** A piece of the caller's sound as it came; valid during the call only. */
  sound(samples: Pcm<8000>): void;
  /** Sound for the model; valid during the call only. */
  audio(samples: Pcm<16000>): void;
  /** The caller began or stopped speaking at `atMs`, by our own energy gate. */
  voice(edge: 'started' | 'ended', atMs: number): void;
  /** Held sound was dropped, oldest first, because the hold was full. */
  dropped(lengthMs: number): void;
  /** `lengthMs` of the caller's sound never came. */
  gap(lengthMs: number): void;
}

export interface UplinkOptions {
  readonly clock: Clock;
  readonly codec: G711;
  readonly maxHeldMs: number;
  /** Keeps some of it from the model while the agent speaks; undefined: the model hears everything. */
  readonly guard?: CallerGuard | undefined;
  readonly handlers: UplinkHandlers;
}

/** What a call's record says of the caller's sound. */
export interface UplinkSummary extends LevelSummary {
  readonly gaps: number;
  readonly gapMs: number;
  /** What had to wait for a session, and what of it was given up. */
  readonly heldMs: number;
  readonly droppedMs: number;
}

export class Uplink {
  readonly #options: UplinkOptions;
  #codec: G711;
  readonly #toModel = upsampler8to16();
  readonly #gate = createSpeechGate(8000);
  /** Of the sound as it came: where a guard stands between, that is not what the model hears. */
  readonly #lineGate;
  readonly #meter;
  /** What each piece is decoded into: it is used before the next one comes. */
  #room = new Int16Array(0);
  #timeline: Timeline;
  #held: Pcm<16000>[] = [];
  #heldMs = 0;
  #everHeldMs = 0;
  #gaps = 0;
  #gapMs = 0;
  #droppedMs = 0;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#codec = options.codec;
    this.#lineGate = options.guard === undefined ? this.#gate : createSpeechGate(8000);
    this.#meter = createLevelMeter(8000, this.#lineGate);
    this.#timeline = new Timeline(options.clock);
  }

  get speaking(): boolean {
    return this.#gate.speaking;
  }

  /** Whether there is a voice, whatever the model hears of it. */
  get voiced(): boolean {
    return this.#lineGate.speaking;
  }

  /** The sound comes by another stream, whose time line has nothing to do with the last one's. */
  moveTo(codec: G711): void {
    this.#codec = codec;
    this.#timeline = new Timeline(this.#options.clock);
  }

  /** How long nothing has come from the stream. */
  get quietMs(): number {
    return this.#timeline.quietMs;
  }

  /** One piece from the stream. */
  push(payload: Uint8Array, place: Place, flow: CallerAudioFlow): void {
    const lengthMs = payload.length / SAMPLES_PER_MS;
    const { gapMs, fillMs, late } = this.#timeline.place(lengthMs, place);
    if (gapMs > 0) this.#noteGap(gapMs);
    if (fillMs > 0) this.#take(silence(fillMs), flow);
    if (this.#room.length !== payload.length) this.#room = new Int16Array(payload.length);
    const samples = this.#codec.decode(payload, this.#room);
    if (late && !this.#gate.speaking && rmsDbov(samples) < QUIET_DBOV) this.#timeline.leftOut(lengthMs);
    else this.#take(samples, flow);
  }

  /** Called a few times a second: when nothing comes, the model is given silence, or it would wait for ever. */
  tick(flow: CallerAudioFlow): void {
    // Held silence would push out what the caller said.
    if (flow !== 'forward') return;
    const lengthMs = this.#timeline.carryOn();
    if (lengthMs > 0) this.#take(silence(lengthMs), flow);
  }

  /** Sends what was held, oldest first. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    this.#heldMs = 0;
    for (const samples of held) this.#options.handlers.audio(samples);
  }

  /** What was held answers nothing any more. */
  forget(): void {
    this.#held = [];
    this.#heldMs = 0;
  }

  summary(): UplinkSummary {
    return {
      ...this.#meter.summary(),
      gaps: this.#gaps,
      gapMs: this.#gapMs,
      heldMs: this.#everHeldMs,
      droppedMs: this.#droppedMs,
    };
  }

  #take(samples: Pcm<8000>, flow: CallerAudioFlow): void {
    const { guard, handlers } = this.#options;
    handlers.sound(samples);
    const edge = this.#meter.push(samples);
    if (guard === undefined) this.#hand(samples, edge, flow, 0);
    else guard.push(samples, (each, agoMs) => this.#hand(each, this.#gate.push(each), flow, agoMs));
  }

  #hand(samples: Pcm<8000>, edge: 'started' | 'ended' | undefined, flow: CallerAudioFlow, agoMs: number): void {
    if (edge !== undefined) this.#heard(edge, agoMs);
    const upsampled = this.#toModel.push(samples);
    if (flow === 'forward') this.#options.handlers.audio(upsampled);
    else if (flow === 'hold') this.#hold(upsampled);
  }

  #heard(edge: 'started' | 'ended', agoMs: number): void {
    const lagMs = edge === 'started' ? SPEECH_ONSET_MS : this.#gate.quietMs;
    this.#options.handlers.voice(edge, this.#options.clock.nowMs() - agoMs - lagMs);
  }

  #hold(samples: Pcm<16000>): void {
    const addedMs = durationMs(samples.length, 16000);
    this.#held.push(samples.slice() as Pcm<16000>);
    this.#heldMs += addedMs;
    this.#everHeldMs += addedMs;
    while (this.#heldMs > this.#options.maxHeldMs) {
      const lengthMs = durationMs(this.#held.shift()!.length, 16000);
      this.#heldMs -= lengthMs;
      this.#droppedMs += lengthMs;
      this.#options.handlers.dropped(lengthMs);
    }
  }

  #noteGap(gapMs: number): void {
    this.#gaps += 1;
    this.#gapMs += gapMs;
    this.#options.handlers.gap(gapMs);
  }
}

const silence = (lengthMs: number): Pcm<8000> => pcm(new Int16Array(Math.round(lengthMs * SAMPLES_PER_MS)), 8000);
