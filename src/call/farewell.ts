/**
 * Knows when the agent's last words were heard, or that the caller has something to say to them. The provider's echo of the end
 * mark says that a turn was heard; the playout gives up on one that does not come, so that no wait here is without an end.
 */
import type { Pcm } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Transfer } from '../transcript/index.ts';
import type { AgentHeard } from './agent-heard.ts';
import type { AgentSide } from './agent-side.ts';
import type { CallerSide } from './hear-caller.ts';
import type { EndedBy } from './machine.ts';
import { VoiceOverEcho } from './voice-over-echo.ts';

/** An answer begins 0.6 s after a tool's result: so long after it, an agent that was speaking has nothing to add. */
const ANSWER_MS = 1_200;
/** From an agent that says nothing at all; thinking models take up to three seconds to a first sound. */
const NO_GOODBYE_MS = 4_000;
/** A sentence that stands still for so long is not finished any more. */
const STALLED_MS = 3_000;
/** A "bye" or a cough is shorter: half a second of voice, and the gate's own onset. */
const CALLER_SPEAKS_MS = 700;

/** How things stand between agent and caller. */
export interface LastWords {
  /** Nothing of the agent is queued or under way to the caller, as far as the echoes tell. */
  readonly idle: boolean;
  /** More of a turn may come. */
  readonly generating: boolean;
  /** What the caller has still to hear, by the clock. */
  readonly leftMs: number;
  /** The model hears somebody speak: the caller, or what the phone brings back of the agent. */
  readonly voiceHeard: boolean;
  /** Something is being done that cannot be taken back. */
  readonly deedUnderWay: boolean;
}

export function lastWords(
  { playout, generating, tools }: Pick<AgentSide, 'playout' | 'generating' | 'tools'>,
  caller: Pick<CallerSide, 'speaking'> | undefined,
): LastWords {
  const { idle, leftMs } = playout;
  return { idle, leftMs, generating, voiceHeard: caller?.speaking === true, deedUnderWay: tools.deedUnderWay };
}

export class Farewell {
  readonly #clock: Clock;
  readonly #voice: VoiceOverEcho;
  #beganMs = 0;
  #spoke = false;
  #putsThrough = false;
  /** When the agent was last heard, or about to be. */
  #lastSoundMs = 0;

  constructor(clock: Clock, agent: Pick<AgentHeard, 'mayBe'>) {
    this.#clock = clock;
    this.#voice = new VoiceOverEcho(clock, agent);
  }

  /** The agent has asked to leave. Gives whether it is speaking. */
  begin({ idle, generating }: LastWords, next: Transfer | EndedBy): boolean {
    this.#putsThrough = typeof next !== 'string';
    // What they had begun to say before, the agent knew of.
    this.#voice.reset();
    this.#beganMs = this.#clock.nowMs();
    this.#lastSoundMs = this.#beganMs;
    this.#spoke = !idle || generating;
    return this.#spoke;
  }

  /** A piece of the caller's sound. */
  hear(samples: Pcm<8000>): void {
    this.#voice.push(samples);
  }

  /** Called a few times a second. undefined: nothing yet. */
  look({ idle, generating, leftMs, voiceHeard, deedUnderWay }: LastWords): 'callerSpoke' | 'heardOut' | undefined {
    const nowMs = this.#clock.nowMs();
    if (voiceHeard && nowMs - (this.#voice.sinceMs ?? nowMs) >= CALLER_SPEAKS_MS) return 'callerSpoke';
    if (!idle || generating) this.#spoke = true;
    if (leftMs > 0) this.#lastSoundMs = nowMs;
    // Nobody holds the call then, to write down what came of it; here the agent is told, and has a moment to speak of it.
    if (this.#putsThrough && deedUnderWay) this.#beganMs = this.#lastSoundMs = nowMs;
    const sinceBeganMs = nowMs - this.#beganMs;
    if (!this.#spoke) return sinceBeganMs >= NO_GOODBYE_MS ? 'heardOut' : undefined;
    if (generating) return nowMs - this.#lastSoundMs >= STALLED_MS ? 'heardOut' : undefined;
    return idle && sinceBeganMs >= ANSWER_MS ? 'heardOut' : undefined;
  }
}
