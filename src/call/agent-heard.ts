/** What there is to know of the agent's voice at the caller's ear, for whoever judges what the caller's voice may do. */
import type { Pcm } from '../audio/index.ts';
import type { Clock } from '../lib/index.ts';
import type { CallAgent } from './call-agent.ts';
import { EchoLevel } from './echo-level.ts';
import type { Playout } from './playout.ts';
import { type Protectable, Protection } from './protection.ts';

export class AgentHeard {
  readonly #playout: Pick<Playout, 'sounding'>;
  readonly #protection: Protection;
  readonly #echo: EchoLevel;

  constructor(
    clock: Clock,
    { guard, echoFactor }: Pick<CallAgent, 'guard' | 'echoFactor'>,
    playout: Pick<Playout, 'sounding'>,
  ) {
    this.#playout = playout;
    this.#protection = new Protection(clock, guard?.protect ?? [], () => playout.sounding);
    this.#echo = new EchoLevel(clock, echoFactor);
  }

  /** The caller hears the agent. */
  get sounding(): boolean {
    return this.#playout.sounding;
  }

  /** It says something that the caller cannot stop. */
  get isProtected(): boolean {
    return this.#protection.active;
  }

  /** Whether what comes from the phone now is no louder than the agent's own echo. */
  mayBe(samples: Pcm<8000>): boolean {
    return this.#echo.covers(samples);
  }

  /** The agent is told to say something of this kind; `turn` is the one that it was in last. */
  ordered(kind: Protectable, turn: number): void {
    this.#protection.ordered(kind, turn);
  }

  turnStarted(turn: number): void {
    this.#protection.turnStarted(turn);
  }

  turnEnded(turn: number): void {
    this.#protection.turnEnded(turn);
  }

  /** Sound is sent, to be played after all that was sent before. */
  played(samples: Pcm<8000>): void {
    this.#echo.played(samples);
  }

  /** What was sent and is not yet played will not be. */
  stopped(): void {
    this.#echo.stopped();
  }
}
