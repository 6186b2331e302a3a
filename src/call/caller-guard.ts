/**
 * What of the caller's sound the model does not hear while the agent speaks: it gets silence of the same length, so that its
 * detection of turns keeps time. Nothing is let through during a protected turn; an "mm-hm" is too short to be; and what may be the
 * agent's own echo is nobody's voice. Who is heard after all is heard from the beginning of their words: whoever has spoken for long
 * enough, or is speaking when there is nothing more to keep from the model, or was until just before that.
 */
import { createSpeechGate, durationMs, type Pcm, pcm, SPEECH_ONSET_MS } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { AgentHeard } from './agent-heard.ts';
import { ECHO_MS } from './echo-level.ts';
import type { GuardSettings } from './guard-settings.ts';

/** What comes before the gate's onset, for the soft start of a word. */
const SOFT_START_MS = 200;
/** Who fell silent so shortly before the agent did has answered it; who did so earlier will say it again. */
const LATE_ANSWER_MS = 600;
/** Pauses between the words of one sentence are shorter. */
const SENTENCE_PAUSE_MS = 1_000;

export interface CallerGuardOptions {
  readonly clock: Clock;
  readonly agent: Pick<AgentHeard, 'sounding' | 'isProtected' | 'mayBe'>;
  readonly settings: Pick<GuardSettings, 'echoGuard' | 'backchannelMs'>;
  /** How much of what the caller says is kept, at most; the oldest goes first. */
  readonly maxKeptMs: number;
}

/** `agoMs`: how long ago the piece came. Valid during the call only. */
type Pass = (samples: Pcm<8000>, agoMs: number) => void;

export class CallerGuard {
  readonly #options: CallerGuardOptions;
  readonly #gate = createSpeechGate(8000);
  #kept: { readonly samples: Pcm<8000>; readonly atMs: number }[] = [];
  #keptMs = 0;
  /** Since when the caller has said what the model has not heard; undefined: nothing. */
  #unheardSinceMs: number | undefined;
  #voiceSinceMs = 0;
  /** How long the caller must have spoken to be heard; undefined: there is nothing to keep from the model. */
  #neededMs: number | undefined;
  #soundedMs = Number.NEGATIVE_INFINITY;
  #protectedMs = Number.NEGATIVE_INFINITY;
  /** When a voice was last let through. */
  #heardMs = Number.NEGATIVE_INFINITY;
  #silence = pcm(new Int16Array(0), 8000);

  constructor(options: CallerGuardOptions) {
    this.#options = options;
  }

  /** Hands on what the model is to get for one piece of the caller's sound. */
  push(samples: Pcm<8000>, pass: Pass): void {
    const { clock, agent } = this.#options;
    const nowMs = clock.nowMs();
    const beforeMs = this.#neededMs;
    const neededMs = this.#needed(nowMs);
    this.#neededMs = neededMs;
    const isEcho = this.#compares(nowMs) && agent.mayBe(samples);
    this.#listen(isEcho ? this.#quiet(samples.length) : samples, nowMs);
    const { speaking, quietMs } = this.#gate;
    const speaks = speaking && nowMs - this.#voiceSinceMs - quietMs >= (neededMs ?? 0);
    const opens = neededMs === undefined || (beforeMs !== undefined && neededMs < beforeMs);
    if (speaks || (opens && quietMs <= LATE_ANSWER_MS)) this.#release(nowMs, pass);
    if (speaks) this.#heardMs = nowMs;
    if (speaks || neededMs === undefined) {
      this.#forget();
      pass(samples, 0);
    } else {
      this.#keep(samples, nowMs);
      pass(this.#quiet(samples.length), 0);
    }
  }

  #needed(nowMs: number): number | undefined {
    const { agent, settings } = this.#options;
    const { sounding } = agent;
    if (sounding) this.#soundedMs = nowMs;
    if (agent.isProtected) {
      this.#protectedMs = nowMs;
      return Number.POSITIVE_INFINITY;
    }
    const goesOn = nowMs - this.#heardMs < SENTENCE_PAUSE_MS;
    if (sounding && settings.backchannelMs !== undefined && !goesOn) return settings.backchannelMs;
    return (sounding && settings.backchannelMs !== undefined) || this.#compares(nowMs) ? 0 : undefined;
  }

  /** Whether the agent's echo may come now, and is not to be taken for the caller. */
  #compares(nowMs: number): boolean {
    const wasProtected = this.#soundedMs <= this.#protectedMs;
    return nowMs - this.#soundedMs < ECHO_MS && (wasProtected || this.#options.settings.echoGuard);
  }

  #listen(audible: Pcm<8000>, nowMs: number): void {
    const quietMs = this.#gate.quietMs;
    if (this.#gate.push(audible) !== 'started') return;
    this.#voiceSinceMs = nowMs - SPEECH_ONSET_MS;
    // One "mm-hm" after another is no sentence.
    const goesOn = this.#neededMs === Number.POSITIVE_INFINITY && quietMs <= SENTENCE_PAUSE_MS;
    if (this.#unheardSinceMs === undefined || !goesOn) this.#unheardSinceMs = this.#voiceSinceMs;
  }

  #release(nowMs: number, pass: Pass): void {
    if (this.#unheardSinceMs === undefined) return;
    const fromMs = this.#unheardSinceMs - SOFT_START_MS;
    for (const { samples, atMs } of this.#kept) if (atMs >= fromMs) pass(samples, nowMs - atMs);
    this.#forget();
  }

  #forget(): void {
    this.#unheardSinceMs = undefined;
    if (this.#kept.length === 0) return;
    this.#kept = [];
    this.#keptMs = 0;
  }

  #keep(samples: Pcm<8000>, nowMs: number): void {
    this.#kept.push({ samples: samples.slice() as Pcm<8000>, atMs: nowMs });
    this.#keptMs += durationMs(samples.length, 8000);
    while (this.#keptMs > this.#options.maxKeptMs) {
      this.#keptMs -= durationMs(this.#kept.shift()!.samples.length, 8000);
    }
  }

  /** Nobody writes to what is handed on. */
  #quiet(length: number): Pcm<8000> {
    if (this.#silence.length < length) this.#silence = pcm(new Int16Array(length), 8000);
    return this.#silence.subarray(0, length) as Pcm<8000>;
  }
}
