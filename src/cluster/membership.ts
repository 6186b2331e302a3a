/**
 * This process among the others: it beats, learns what was taken from it, and looks for calls of those that stopped beating.
 *
 * Beats are stamped by Redis and compared with each other alone. Who judges, judges from its own last beat but one: all that
 * lived then has beaten since, or had a whole period for it. So a Redis that stood still, and a process that slept, declare
 * nobody dead. After a time in which nobody could beat, all have a whole lease in which to be back. A process that starts may do so
 * as Redis comes back, and grants it too: after a lone restart, calls of the dead are known up to a lease and a beat later, and
 * brought back by REST so much later. Twilio's own return is not slowed.
 */
import type { Cancel, Clock } from '../lib/index.ts';
import { renewedSchema, sweptSchema } from './answers.ts';
import type { CallScripts } from './call-scripts.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreTimes } from './store-times.ts';

/** A call whose process died, or that nobody took after it was let go, and that is this process's to care for. */
export interface Claim {
  readonly callId: string;
  readonly state: 'running' | 'ended';
  readonly facts: string;
  readonly sinceMs: number;
}

export interface MembershipHandlers {
  /** Redis does not know the last beat of this process: it has forgotten everything, or what came after it last saved. */
  forgotten(): void;
  /** These calls were taken from this process, if it has not taken them back since. */
  lost(callIds: readonly string[]): void;
  /** All that is this process's to care for now: a claim is told at each beat, until it is nobody's or another's. */
  claimed(claims: readonly Claim[]): void;
  /** All that Redis takes for this process's: told at each beat. */
  owned(callIds: readonly string[]): void;
  /** Redis answers. */
  beaten(): void;
}

export interface MembershipOptions {
  readonly link: RedisLink;
  readonly scripts: CallScripts;
  readonly processId: string;
  readonly clock: Clock;
  readonly times: StoreTimes;
  readonly handlers: MembershipHandlers;
}

export class Membership {
  readonly #options: MembershipOptions;
  #lastBeatMs: number | undefined;
  #judgeFromMs = 0;
  /** Until then nobody is judged by more than was known before the last outage. */
  #lenientUntilMs = 0;
  #lost: readonly string[] = [];
  #beating = false;
  #standing: 'stays' | 'leaves' = 'stays';
  #cancel: Cancel = () => undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Processes that have not beaten since are dead, in Redis's time. */
  get deadBeforeMs(): number {
    return Math.max(0, this.#judgeFromMs - this.#options.times.leaseMs);
  }

  async start(): Promise<void> {
    this.#cancel = this.#options.clock.every(this.#options.times.beatMs, () => void this.#beat());
    await this.#beat();
  }

  /** From the next beat on the others do not count on this process any more. */
  leaves(): void {
    this.#standing = 'leaves';
    void this.#beat();
  }

  stop(): void {
    this.#cancel();
  }

  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    try {
      await this.#renew();
      await this.#sweep();
    } catch {
      // Counted and told by the link.
    } finally {
      this.#beating = false;
    }
  }

  async #renew(): Promise<void> {
    const { link, scripts, processId, times, handlers } = this.#options;
    const answer = await link.ask(() => scripts.renew(processId, this.#standing, ...this.#lost));
    const [knownMs, atMs, lost] = renewedSchema.parse(answer);
    const lastMs = this.#lastBeatMs ?? 0;
    if (atMs - lastMs >= times.leaseMs) this.#lenientUntilMs = atMs + times.leaseMs;
    if (lastMs >= this.#lenientUntilMs) this.#judgeFromMs = lastMs;
    if (knownMs < lastMs) handlers.forgotten();
    this.#lastBeatMs = atMs;
    this.#lost = lost;
    if (lost.length > 0) handlers.lost(lost);
    handlers.beaten();
  }

  async #sweep(): Promise<void> {
    const { link, scripts, processId, times, handlers } = this.#options;
    const answer = await link.ask(() => scripts.sweep(processId, this.deadBeforeMs, times.leaseMs, times.orphanMs));
    const [claims, own] = sweptSchema.parse(answer);
    handlers.claimed(claims.map(([callId, state, facts, sinceMs]) => ({ callId, state, facts, sinceMs })));
    handlers.owned(own);
  }
}
