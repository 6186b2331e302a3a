/** The words of our own that a caller hears in the agent's place, as turns among its own. */
import type { Collector } from '../transcript/index.ts';
import type { OwnSound } from './call-deps.ts';
import type { Downlink } from './downlink.ts';

export class OwnWords {
  /** Those that are not yet heard, or never will be. */
  readonly #turns = new Set<number>();

  /** Behind what the agent has said. Gives the turn's number. */
  say({ samples, text }: OwnSound, downlink: Downlink, collector: Pick<Collector, 'agentSaid'>): number {
    return downlink.say(samples, (turn) => {
      this.#turns.add(turn);
      collector.agentSaid(turn, text);
    });
  }

  has(turn: number): boolean {
    return this.#turns.has(turn);
  }

  ended(turn: number): void {
    this.#turns.delete(turn);
  }
}
