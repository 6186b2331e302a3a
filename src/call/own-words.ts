/** The words of our own that a caller hears in place of an agent that is gone for good. */
import type { Collector, PlayedTurn } from '../transcript/index.ts';
import type { Apology } from './call-deps.ts';
import type { Downlink } from './downlink.ts';

export class OwnWords {
  #turn: number | undefined;
  #heard = false;

  /** Whether they were heard to their end. */
  get heard(): boolean {
    return this.#heard;
  }

  say({ samples, text }: Apology, downlink: Downlink, collector: Collector): void {
    this.#turn = downlink.say(samples);
    collector.agentSaid(this.#turn, text);
  }

  turnEnded(turn: number, { cut }: PlayedTurn): void {
    if (turn === this.#turn) this.#heard = !cut;
  }
}
