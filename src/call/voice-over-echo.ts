/**
 * Whether the caller speaks while the agent says its last words, and it is not these that the phone brings back: what is no louder than
 * an echo of them counts as silence. Listened to only then.
 */
import { createSpeechGate, type Pcm, pcm, SPEECH_ONSET_MS } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { AgentHeard } from './agent-heard.ts';

export class VoiceOverEcho {
  readonly #clock: Clock;
  readonly #agent: Pick<AgentHeard, 'mayBe'>;
  readonly #gate = createSpeechGate(8000);
  #sinceMs = 0;

  constructor(clock: Clock, agent: Pick<AgentHeard, 'mayBe'>) {
    this.#clock = clock;
    this.#agent = agent;
  }

  /** Since when they have been speaking; undefined: they are not. */
  get sinceMs(): number | undefined {
    return this.#gate.speaking ? this.#sinceMs : undefined;
  }

  /** A piece of the caller's sound. */
  push(samples: Pcm<8000>): void {
    const audible = this.#agent.mayBe(samples) ? pcm(new Int16Array(samples.length), 8000) : samples;
    if (this.#gate.push(audible) === 'started') this.#sinceMs = this.#clock.nowMs() - SPEECH_ONSET_MS;
  }

  /** What was heard before counts no more. */
  reset(): void {
    this.#gate.reset();
  }
}
