/**
 * What of the caller's sound the model does not hear while the agent speaks: it gets silence of the same length, so that its
 * detection of turns keeps time. Nothing of a protected turn's callers is let through before its end; and what may be the agent's
 * own echo is nobody's voice. Who is speaking when the guard opens, or was until just now, is heard from the beginning of their words.
 */
import { createSpeechGate, durationMs, type Pcm, pcm, SPEECH_ONSET_MS } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { AgentHeard } from './agent-heard.ts';
import { ECHO_MS } from './echo-level.ts';

/** Before the gate believes in speech, and for the soft start of a word. */
const PREROLL_MS = SPEECH_ONSET_MS + 200;
/** Who fell silent so shortly before the agent did has answered it; who did so earlier will say it again. */
const LATE_ANSWER_MS = 600;
/** Pauses between the words of one sentence are shorter. */
const SENTENCE_PAUSE_MS = 1_000;

export interface CallerGuardOptions {
  readonly clock: Clock;
  readonly agent: Pick<AgentHeard, 'sounding' | 'isProtected' | 'mayBe'>;
  /** How much of what the caller says is kept, at most; the oldest goes first. */
  readonly maxKeptMs: number;
}

/** `agoMs`: how long ago the piece came. Valid during the call only. */
type Pass = (samples: Pcm<8000>, agoMs: number) => void;

/** How long the caller must have spoken to be heard. */
type Needed = number | undefined;

export class CallerGuard {
  readonly #options: CallerGuardOptions;
  readonly #gate = createSpeechGate(8000);
  #kept: { readonly samples: Pcm<8000>; readonly atMs: number }[] = [];
  #keptMs = 0;
  /** Since when the caller has said what the model has not heard; undefined: nothing. */
  #unheardSinceMs: number | undefined;
  #voiceSinceMs = 0;
  #neededMs: Needed;
  #soundedMs = Number.NEGATIVE_INFINITY;
  #protectedMs = Number.NEGATIVE_INFINITY;
  #silence = pcm(new Int16Array(0), 8000);

  constructor(options: CallerGuardOptions) {
    this.#options = options;
  }

  /** Hands on what the model is to get for one piece of the caller's sound. */
  push(samples: Pcm<8000>, pass: Pass): void {
    const { clock, agent } = this.#options;
    const nowMs = clock.nowMs();
    const neededMs = this.#needed(nowMs);
    const isEcho = this.#compares(nowMs) && agent.mayBe(samples);
    this.#listen(isEcho ? this.#quiet(samples.length) : samples, nowMs);
    const opens = neededMs === undefined || (this.#neededMs !== undefined && neededMs < this.#neededMs);
    this.#neededMs = neededMs;
    const speaks = this.#gate.speaking && (neededMs === undefined || nowMs - this.#voiceSinceMs >= neededMs);
    if (speaks || (opens && this.#gate.quietMs <= LATE_ANSWER_MS)) this.#release(nowMs, pass);
    if (neededMs === undefined || speaks) {
      this.#forget();
      pass(samples, 0);
    } else {
      this.#keep(samples, nowMs);
      pass(this.#quiet(samples.length), 0);
    }
  }

  /** undefined: everything is heard. */
  #needed(nowMs: number): Needed {
    const { agent } = this.#options;
    if (agent.sounding) this.#soundedMs = nowMs;
    if (agent.isProtected) {
      this.#protectedMs = nowMs;
      return Number.POSITIVE_INFINITY;
    }
    return this.#compares(nowMs) ? 0 : undefined;
  }

  /** Whether the agent's echo may come now, from a turn in which it must not be taken for the caller. */
  #compares(nowMs: number): boolean {
    return nowMs - this.#soundedMs < ECHO_MS && this.#soundedMs <= this.#protectedMs;
  }

  #listen(audible: Pcm<8000>, nowMs: number): void {
    const quietMs = this.#gate.quietMs;
    if (this.#gate.push(audible) !== 'started') return;
    this.#voiceSinceMs = nowMs - SPEECH_ONSET_MS;
    if (this.#unheardSinceMs === undefined || quietMs > SENTENCE_PAUSE_MS) this.#unheardSinceMs = this.#voiceSinceMs;
  }

  #release(nowMs: number, pass: Pass): void {
    if (this.#unheardSinceMs === undefined) return;
    const fromMs = this.#unheardSinceMs - (PREROLL_MS - SPEECH_ONSET_MS);
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
