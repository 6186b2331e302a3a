/**
 * Calls that were placed and answered, and whose stream never came: whoever was called hung up at once, the stream could not be opened,
 * or no process had room. No process has a journal of them; whoever is told that one is over makes its record, unless a stream comes
 * after all.
 */
import * as z from 'zod';
import type { Notes } from '../cluster/index.ts';
import { type Clock, FAILURES, Failure, type FailureCode } from '../lib/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Outcome } from '../transcript/index.ts';
import type { RequestedEnds } from './requested-ends.ts';

/**
 * What the provider asked about a call, and a stream that it opened, before it told of the end, are known to all processes by then. Less
 * than the 5 s for which it waits for an answer: who dies meanwhile gives none, and another process is told.
 */
const STILL_COMING_MS = 4_000;
/** The longest call has four hours. */
const NOTED_MS = 5 * 60 * 60_000;

export interface StreamlessCallsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly notes: Notes;
  /** Whether the other processes cannot be heard of. */
  readonly cutOff: () => boolean;
  readonly requestedEnds: Pick<RequestedEnds, 'by'>;
}

export class StreamlessCalls {
  readonly #options: StreamlessCallsOptions;
  /** As many as the provider has connections. */
  readonly #waiting = new Set<() => void>();

  constructor(options: StreamlessCallsOptions) {
    this.#options = options;
  }

  /** The record is its process's to make. */
  streamCame(callId: string): Promise<void> {
    return this.#settled(callId);
  }

  /** How it ends if no stream comes, as far as is known now; the last word counts. */
  async withoutStream(callId: string, why: Why): Promise<void> {
    const { clock, notes } = this.#options;
    await notes.note(whyKey(callId), { rank: clock.wallMs(), value: why, forMs: NOTED_MS });
  }

  /**
   * The provider says that the call is over: `settle` makes its record where nobody else does, and hears whether some process was
   * asked about it. Rejects with STORE_UNAVAILABLE when it
   * cannot be known whether anybody does.
   */
  async over(callId: string, settle: (outcome: Outcome, wasAsked: boolean) => Promise<void>): Promise<void> {
    const { logger, notes, cutOff } = this.#options;
    if (await this.#isSettled(callId)) return;
    await this.#whileStillComing();
    if (await this.#isSettled(callId)) return;
    if (cutOff()) throw new Failure('STORE_UNAVAILABLE', 'another process may have had the call');
    const why = whySchema.safeParse(await notes.get(whyKey(callId))).data;
    const outcome = await this.#outcomeOf(callId, why);
    logger.info({ callId, outcome }, 'outbound call was answered, and no stream came');
    await settle(outcome, why !== undefined);
    await this.#settled(callId);
  }

  /** The process is told to stop: nothing more comes to it. */
  close(): void {
    for (const go of [...this.#waiting]) go();
  }

  async #outcomeOf(callId: string, why: Why = 'STREAM_NEVER_CAME'): Promise<Outcome> {
    const by = await this.#options.requestedEnds.by(callId);
    if (by !== undefined) return { kind: 'completed', by };
    return why === 'callerGone' ? { kind: why } : { kind: 'failed', fault: FAILURES[why].fault, code: why };
  }

  async #settled(callId: string): Promise<void> {
    await this.#options.notes.note(settledKey(callId), { rank: 0, value: 'yes', forMs: NOTED_MS });
  }

  async #isSettled(callId: string): Promise<boolean> {
    return (await this.#options.notes.get(settledKey(callId))) !== undefined;
  }

  #whileStillComing(): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        cancel();
        this.#waiting.delete(go);
        resolve();
      };
      const cancel = this.#options.clock.after(STILL_COMING_MS, go);
      this.#waiting.add(go);
    });
  }
}

type Why = FailureCode | 'callerGone';
const whySchema = z.enum(['callerGone', ...(Object.keys(FAILURES) as FailureCode[])]);

/** Its record is made, or another's to make. */
const settledKey = (callId: string): string => `settled:${callId}`;
const whyKey = (callId: string): string => `streamless:${callId}`;
