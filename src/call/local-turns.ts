/**
 * Turn detection by our own energy gate, for agents that switch the model's off: sound goes to the model only between
 * activityStart and activityEnd, with what came just before the gate opened, because the service adds none itself.
 */
import { createSpeechGate, durationMs, type Pcm, SPEECH_ONSET_MS } from '../audio/index.ts';

/** The gate opens `SPEECH_ONSET_MS` into speech; 200 ms more keep the soft start of a word. */
const PREROLL_MS = SPEECH_ONSET_MS + 200;

export interface LocalTurnsSink {
  sendAudio(samples: Pcm<16000>): void;
  sendActivity(edge: 'started' | 'ended'): void;
}

export class LocalTurns {
  readonly #sink: LocalTurnsSink;
  readonly #gate;
  #preroll: Pcm<16000>[] = [];
  #prerollMs = 0;

  /** `silenceMs` of quiet end the caller's turn. */
  constructor(silenceMs: number, sink: LocalTurnsSink) {
    this.#sink = sink;
    this.#gate = createSpeechGate(16000, { hangoverMs: silenceMs });
  }

  /** A new socket knows nothing of speech that began on the last one. */
  restart(): void {
    if (this.#gate.speaking) this.#sink.sendActivity('started');
  }

  push(samples: Pcm<16000>): void {
    const edge = this.#gate.push(samples);
    if (edge === 'started') {
      this.#sink.sendActivity('started');
      for (const before of this.#preroll.splice(0)) this.#sink.sendAudio(before);
      this.#prerollMs = 0;
    }
    if (this.#gate.speaking || edge === 'ended') this.#sink.sendAudio(samples);
    else this.#keep(samples);
    if (edge === 'ended') this.#sink.sendActivity('ended');
  }

  #keep(samples: Pcm<16000>): void {
    this.#preroll.push(samples.slice() as Pcm<16000>);
    this.#prerollMs += durationMs(samples.length, 16000);
    while (this.#prerollMs > PREROLL_MS) this.#prerollMs -= durationMs(this.#preroll.shift()!.length, 16000);
  }
}
