/** What is written down of the agent's turns, as the caller hears them. */
import type { Likeness } from '../audio/index.ts';
import type { PlayedTurn } from '../transcript/index.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallDeps, OwnSound } from './call-deps.ts';
import type { Downlink } from './downlink.ts';
import { MuteTurns } from './mute-turns.ts';
import { OwnWords } from './own-words.ts';

export class AgentTurns {
  readonly #agent: Pick<CallAgent, 'name' | 'patience'>;
  readonly #deps: Pick<CallDeps, 'clock' | 'collector' | 'metrics'>;
  readonly #mute = new MuteTurns();
  readonly #ownWords = new OwnWords();
  /** Among the agent's own. */
  #firstTurn = 1;
  #apology: { readonly turn: number; heard: boolean } | undefined;
  #answeredMs: number | undefined;

  constructor(agent: Pick<CallAgent, 'name' | 'patience'>, deps: Pick<CallDeps, 'clock' | 'collector' | 'metrics'>) {
    this.#agent = agent;
    this.#deps = deps;
  }

  /** Whether the caller heard to its end that the agent is gone for good. */
  get apologyHeard(): boolean {
    return this.#apology?.heard === true;
  }

  /** There is somebody to hear them. */
  answered(): void {
    this.#answeredMs ??= this.#deps.clock.nowMs();
  }

  /** Words of our own in the agent's place. */
  say(sound: OwnSound, downlink: Downlink): number {
    return this.#ownWords.say(sound, downlink, this.#deps.collector);
  }

  /** Words of our own in place of all that the agent might have said. */
  apologise(apology: OwnSound, downlink: Downlink): void {
    this.#apology = { turn: this.say(apology, downlink), heard: false };
  }

  isOwn(turn: number): boolean {
    return this.#ownWords.has(turn);
  }

  sounded(turn: number, likeness: Likeness): void {
    this.#mute.sounded(turn, likeness);
  }

  started(turn: number, atMs: number): void {
    const { collector, metrics } = this.#deps;
    const agent = this.#agent.name;
    if (this.isOwn(turn)) {
      if (turn === this.#firstTurn) this.#firstTurn += 1;
      collector.agentTurnStarted(turn, atMs, 'own');
      return;
    }
    if (turn === this.#firstTurn && this.#answeredMs !== undefined) {
      metrics.firstSoundSeconds.observe({ agent }, (atMs - this.#answeredMs) / 1_000);
    }
    const responseMs = collector.agentTurnStarted(turn, atMs);
    if (responseMs !== undefined) metrics.responseSeconds.observe({ agent }, responseMs / 1_000);
  }

  ended(turn: number, played: PlayedTurn): void {
    this.#ownWords.ended(turn);
    if (turn === this.#apology?.turn) this.#apology.heard = !played.cut;
    const mute = this.#mute.wasMute(turn) && this.#agent.patience !== undefined;
    const heard = mute ? { ...played, heardMs: 0, cut: true } : played;
    this.#deps.collector.agentTurnEnded(turn, heard);
  }

  /** One without any sound: what words it had were never said. */
  silent(turn: number): void {
    const nowMs = this.#deps.clock.nowMs();
    const played = { startMs: nowMs, endMs: nowMs, heardMs: 0, generatedMs: 0, cut: true };
    this.#deps.collector.agentTurnEnded(turn, played);
  }
}
