/**
 * Who has answered an outbound call. Until that is known, the agent does not hear what is said, so that it answers no machine's
 * greeting. A person is heard from then on, with what they have said since the agent spoke; a machine gets the message, or nothing.
 *
 *   waiting ──person, or nobody can say──▶ person
 *      └──────machine──▶ message ──said──▶ done
 */
import type { AgentSide } from './agent-side.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallDeps } from './call-deps.ts';
import { messageOrder } from './orders.ts';
import type { CallerAudioFlow } from './uplink.ts';

/** Half a second is little beside the seconds that the provider listens for. */
const LOOK_EVERY_MS = 500;
/** The provider gives up after 30 s, and says so; what comes later is lost. Then whoever it is, is heard. */
const UNKNOWN_AFTER_MS = 35_000;
/** Twilio's words: machine_start, machine_end_beep, machine_end_silence, machine_end_other, fax; any other is taken for a person. */
const NOBODY = /^(machine_|fax$)/;

export interface AnswerGateOptions {
  readonly agent: Pick<CallAgent, 'message' | 'outbound'>;
  readonly deps: Pick<CallDeps, 'clock' | 'collector' | 'facts' | 'logger' | 'whoAnswered'>;
  readonly agentSide: Pick<
    AgentSide,
    'answeredMs' | 'hush' | 'leaveMessage' | 'hadTheLastWord' | 'playout' | 'watchdog'
  >;
  /** What was held for the agent: it may hear it, or it is not for it to hear. */
  readonly release: () => void;
  readonly forget: () => void;
  readonly hangUp: () => void;
}

export class AnswerGate {
  readonly #options: AnswerGateOptions;
  #state: 'waiting' | 'person' | 'message' | 'done';
  /** Since when it is in this state, or the call answered; undefined before there is a stream. */
  #sinceMs: number | undefined;
  #lookMs = 0;

  constructor(options: AnswerGateOptions) {
    this.#options = options;
    const { agent, deps } = options;
    // Where nobody looks who has answered, the agent hears whoever is there.
    this.#state = deps.facts.outbound === undefined || agent.outbound.machine === undefined ? 'person' : 'waiting';
  }

  get isOpen(): boolean {
    return this.#state === 'person';
  }

  /** What becomes of what is heard, where the call's phase would have `flow`. */
  narrowed(flow: CallerAudioFlow): CallerAudioFlow {
    if (this.#state === 'person') return flow;
    return this.#state === 'waiting' && flow !== 'drop' ? 'hold' : 'drop';
  }

  /** Called a few times a second, while there is a stream. */
  tick(): void {
    const { deps, agentSide, forget, hangUp } = this.#options;
    const nowMs = deps.clock.nowMs();
    this.#sinceMs ??= agentSide.answeredMs ?? nowMs;
    const isSaid = agentSide.hadTheLastWord(this.#sinceMs) && agentSide.playout.idle && !agentSide.watchdog.climbing;
    if (this.#state === 'message' && isSaid) {
      this.#state = 'done';
      hangUp();
    }
    if (this.#state !== 'waiting') return;
    // A "hello?" before the greeting is answered by it, and must not cut it off once it is let through.
    if (agentSide.playout.sounding) forget();
    if (nowMs < this.#lookMs) return;
    // Of a call that was answered elsewhere it may be known, however long ago that was.
    const isFirst = this.#lookMs === 0;
    this.#lookMs = nowMs + LOOK_EVERY_MS;
    if (!isFirst && nowMs - this.#sinceMs >= UNKNOWN_AFTER_MS) this.#decide('unknown');
    else {
      deps.whoAnswered().then(
        (who) => who !== undefined && this.#decide(who),
        // Whoever is asked says so in the log.
        () => undefined,
      );
    }
  }

  #decide(who: string): void {
    if (this.#state !== 'waiting') return;
    const { agent, deps, agentSide, release, hangUp } = this.#options;
    if (!NOBODY.test(who)) {
      this.#state = 'person';
      release();
      return;
    }
    const nowMs = deps.clock.nowMs();
    deps.logger.info({ who }, 'a machine has answered');
    deps.collector.event(nowMs, 'MACHINE_ANSWERED', who);
    // What the agent was saying, a machine need not hear.
    agentSide.hush();
    if (agent.message === undefined || who === 'fax') {
      this.#state = 'done';
      hangUp();
    } else {
      this.#state = 'message';
      this.#sinceMs = nowMs;
      agentSide.leaveMessage(messageOrder(agent.message));
    }
  }
}
