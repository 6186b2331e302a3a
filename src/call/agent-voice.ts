/**
 * What a caller hears of the agent, and of us in its place: the model's sound becomes turns, the turns go out, and what was heard
 * of them is written down.
 */
import { g711, type Likeness } from '../audio/index.ts';
import type { CallStream } from '../telephony/index.ts';
import type { Sound } from '../transcript/index.ts';
import { AgentHeard } from './agent-heard.ts';
import { AgentTurns } from './agent-turns.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallDeps, OwnSound } from './call-deps.ts';
import { Downlink } from './downlink.ts';
import { Playout } from './playout.ts';

export interface AgentVoiceOptions {
  readonly agent: Pick<CallAgent, 'name' | 'guard' | 'echoFactor' | 'patience'>;
  readonly deps: Pick<CallDeps, 'clock' | 'collector' | 'logger' | 'metrics'>;
  /** The turns that were counted by an earlier process. */
  readonly turnsBefore: number;
  /** What the model's sound is like, chunk by chunk. */
  readonly sounded: (likeness: Likeness, lengthMs: number) => void;
}

export class AgentVoice {
  readonly #options: AgentVoiceOptions;
  readonly #playout: Playout;
  readonly #turns: AgentTurns;
  readonly downlink: Downlink;
  readonly heard: AgentHeard;

  constructor(options: AgentVoiceOptions) {
    this.#options = options;
    const { agent, deps, turnsBefore, sounded } = options;
    const { clock, logger } = deps;
    this.#turns = new AgentTurns(agent, deps);
    this.#playout = new Playout(clock, {
      turnStarted: (turn, atMs) => {
        this.#turns.started(turn, atMs);
        // What the agent was told to say is still to come.
        if (!this.#turns.isOwn(turn)) this.heard.turnStarted(turn);
      },
      turnEnded: (turn, played) => {
        this.#turns.ended(turn, played);
        this.heard.turnEnded(turn);
      },
      overflowed: (droppedMs) => logger.warn({ droppedMs }, 'agent sound beyond the bound dropped'),
    });
    this.heard = new AgentHeard(clock, agent, this.#playout);
    this.downlink = new Downlink({
      clock,
      playout: this.#playout,
      turnsBefore,
      silentTurn: (turn) => this.#turns.silent(turn),
      sounded: (turn, likeness, lengthMs) => {
        this.#turns.sounded(turn, likeness);
        sounded(likeness, lengthMs);
      },
    });
  }

  /** What the caller hears of it, and has still to hear. */
  get playout(): Pick<Playout, 'idle' | 'sounding' | 'leftMs'> {
    return this.#playout;
  }

  get apologyHeard(): boolean {
    return this.#turns.apologyHeard;
  }

  /** A stream is there: what was queued, and what a broken one did not bring to the caller, goes out. */
  attach(stream: Pick<CallStream, 'format' | 'playout' | 'send'>): void {
    this.#turns.answered();
    const { encode } = g711(stream.format.encoding);
    this.#playout.attach({
      ...stream.playout,
      play: (samples) => {
        stream.send({ type: 'audio', payload: encode(samples) });
        this.heard.played(samples);
      },
      mark: (name) => stream.send({ type: 'mark', name }),
      clear: () => {
        stream.send({ type: 'clear' });
        this.heard.stopped();
      },
    });
  }

  /** The stream is gone. */
  rewind(): void {
    this.heard.stopped();
    this.#options.deps.collector.interrupted(this.#playout.rewind());
  }

  /** The provider did not take what it was sent first. */
  soundLost(lengthMs: number): void {
    this.#playout.lost(lengthMs);
  }

  markReached(name: string): void {
    this.#playout.markReached(name);
  }

  /** Called a few times a second. */
  topUp(): void {
    this.#playout.topUp();
  }

  /** Words of our own, behind what the agent has said. */
  say(sound: OwnSound): void {
    this.#turns.say(sound, this.downlink);
  }

  /** The last words of a call whose agent is gone for good. */
  apologise(apology: OwnSound): void {
    this.#turns.apologise(apology, this.downlink);
  }

  /** Whatever was not heard by now never will be, or not from this process. */
  settle(): void {
    this.#playout.close();
  }

  sound(): Sound['agent'] {
    return { ...this.downlink.levels(), ...this.#playout.summary() };
  }
}
