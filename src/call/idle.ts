/**
 * A line on which nobody says anything: the agent is told to ask whether the caller is there, a few times, and then to say
 * goodbye. Behind that stands the limit of silence, for an agent that nobody tells to, or that does not speak.
 *
 *   quiet ──▶ ask ──▶ … ──▶ ask ──▶ goodbye ──▶ ask ──▶ … ──▶ goodbye ──▶ hang up
 *     ▲───────────────the caller speaks, or presses a key────────────────────┘
 */
import type { Clock } from '../lib/index.ts';
import type { Collector } from '../transcript/index.ts';
import type { AgentSide } from './agent-side.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallerSide } from './hear-caller.ts';
import type { Phase } from './machine.ts';

export interface IdleSettings {
  /** So long after the last sound of both sides. */
  readonly askAfterMs: number;
  /** How often it asks before it says goodbye. */
  readonly times: number;
}

interface IdleDeps {
  readonly clock: Clock;
  readonly collector: Pick<Collector, 'event'>;
}

interface IdleAgent {
  readonly idle?: CallAgent['idle'];
  readonly limits: Pick<CallAgent['limits'], 'silenceMs'>;
}

export interface Stillness {
  /** The caller hears the agent. */
  readonly agentSounds: boolean;
  readonly callerSpeaks: boolean;
  /** It is not for the agent to speak now: it works, owes an answer, or cannot be heard. */
  readonly excused: boolean;
  /** It has said that it leaves: its farewell has a deadline of its own. */
  readonly leaving: boolean;
}

export function stillness(
  phase: Phase,
  { playout, watchdog }: Pick<AgentSide, 'playout' | 'watchdog'>,
  callerSide: CallerSide | undefined,
): Stillness {
  return {
    agentSounds: playout.sounding,
    callerSpeaks: callerSide?.speaking === true,
    excused: phase !== 'talking' || watchdog.owes || callerSide?.isHeard !== true,
    leaving: phase === 'farewell',
  };
}

/** What the telephone network brings back of the agent's voice comes no later: what is heard until then may be no caller. */
const ECHO_MS = 500;
/** The whole ladder so often, and who is not heard in between is not there, whatever the line brings back of it. */
const MAX_ROUNDS = 2;

/** What the agent is told. */
export const IDLE_ORDERS = {
  ask:
    '[The caller has said nothing for a while. Ask in a few words whether they are still there; if they are looking for ' +
    'something, or asked you to wait, say instead that they may take their time. Do not greet again, and do not speak of this note.]',
  goodbye:
    '[The caller still says nothing. Say goodbye in one short sentence; the call ends when it is heard, unless they speak ' +
    'before that. Then go on with them, and do not speak of this note.]',
};

type IdleStep = 'ask' | 'goodbye' | 'hangUp';

/** What the record says of each. */
const DETAILS: Readonly<Record<IdleStep, string>> = {
  ask: 'nobody spoke: the agent asks',
  goodbye: 'nobody spoke: the agent says goodbye',
  hangUp: 'nobody spoke: the call ends',
};

export class Idle {
  readonly #settings: IdleSettings | undefined;
  /** Silence of both sides that ends the call, whatever the reason for it, unless the agent is leaving. */
  readonly #silenceMs: number;
  readonly #deps: IdleDeps;
  #asked = 0;
  /** How often it was told anything since the caller was there for certain. */
  #told = 0;
  /** When either side was last heard, or the agent was leaving. */
  #lastSoundMs: number;
  /** Since when, at the earliest, nothing excuses the agent. */
  #waitsSinceMs: number;
  #agentSoundedMs = Number.NEGATIVE_INFINITY;

  constructor({ idle, limits }: IdleAgent, deps: IdleDeps) {
    this.#settings = idle;
    this.#silenceMs = limits.silenceMs;
    this.#deps = deps;
    this.#lastSoundMs = deps.clock.nowMs();
    this.#waitsSinceMs = this.#lastSoundMs;
  }

  /** The caller's voice began or ended at `atMs`, as far as our own gate can tell. */
  voice(atMs: number): void {
    if (atMs - this.#agentSoundedMs >= ECHO_MS) this.callerActs();
    else this.#lastSoundMs = this.#deps.clock.nowMs();
  }

  /** A voice has stopped the agent: the caller's, unless it is its own. */
  agentStopped(): void {
    this.#lastSoundMs = this.#deps.clock.nowMs();
    this.#asked = 0;
  }

  /** The caller is there for certain: they speak in the agent's silence, press a key, or have come back. */
  callerActs(): void {
    this.agentStopped();
    this.#told = 0;
  }

  /** Called a few times a second, while there is a stream. */
  look(stillness: Stillness): IdleStep | undefined {
    const { clock, collector } = this.#deps;
    const nowMs = clock.nowMs();
    const step = this.#next(stillness, nowMs);
    if (step !== undefined) collector.event(nowMs, 'SILENCE', DETAILS[step]);
    return step;
  }

  #next({ agentSounds, callerSpeaks, excused, leaving }: Stillness, nowMs: number): IdleStep | undefined {
    if (agentSounds) this.#agentSoundedMs = nowMs;
    if (agentSounds || callerSpeaks || leaving) this.#lastSoundMs = nowMs;
    if (nowMs - this.#lastSoundMs > this.#silenceMs) {
      this.#lastSoundMs = nowMs;
      return 'hangUp';
    }
    this.#waitsSinceMs = excused ? nowMs : Math.max(this.#waitsSinceMs, this.#lastSoundMs);
    if (this.#settings === undefined || nowMs - this.#waitsSinceMs < this.#settings.askAfterMs) return undefined;
    this.#waitsSinceMs = nowMs;
    const { times } = this.#settings;
    if (this.#told >= MAX_ROUNDS * (times + 1)) return 'hangUp';
    this.#told += 1;
    if (this.#asked < times) {
      this.#asked += 1;
      return 'ask';
    }
    this.#asked = 0;
    return 'goodbye';
  }
}
