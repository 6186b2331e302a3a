/**
 * Calls that nobody holds, because their callers are being put through, or were, or because they were handed over and nobody has taken
 * them up: how each ends is known by what the provider tells of the caller's call and of the other side's, in any order and to any process.
 */
import type { CallStore, Notes } from '../cluster/index.ts';
import { FAILURES } from '../lib/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import {
  type CallFacts,
  type Entry,
  type Outcome,
  type Transfer,
  transferOf,
  wasHandedOver,
} from '../transcript/index.ts';
import { countEnding } from './ending.ts';
import { HANG_UP } from './next.ts';
import type { RequestedEnds } from './requested-ends.ts';
import { settleLeft } from './take-up.ts';

/** https://www.twilio.com/docs/voice/twiml/dial#action: the other side took the call. */
const TAKEN: ReadonlySet<string> = new Set(['completed', 'answered']);
export const isTaken = (status: string): boolean => TAKEN.has(status);

/** Whatever is not told by then is settled without it: a call that nobody holds is for two minutes at most. */
const NOTED_MS = 10 * 60_000;

export interface LeftCallsOptions {
  readonly store: CallStore;
  readonly notes: Notes;
  readonly metrics: Pick<Metrics, 'calls' | 'transfers'>;
  readonly requestedEnds: Pick<RequestedEnds, 'by'>;
  /** Writes the end of a call that was taken for that alone. */
  readonly endTranscript: (facts: CallFacts, earlier: readonly Entry[], outcome: Outcome) => void;
}

export class LeftCalls {
  readonly #options: LeftCallsOptions;

  constructor(options: LeftCallsOptions) {
    this.#options = options;
  }

  /** Whoever was dialled has answered, and has the caller. */
  async answered(callId: string): Promise<void> {
    await this.#options.notes.note(answeredKey(callId), noted);
  }

  /**
   * The caller's call is over. `status`: how their transfer went, where the provider says so with it. Whether it is this that ends
   * the transfer, before anybody took the call.
   */
  async callerGone(callId: string, status?: string): Promise<boolean> {
    const { store, metrics } = this.#options;
    const known = await store.look(callId);
    if (known.state !== 'running' || known.holder === 'elsewhere' || known.holder === 'here') return false;
    const { facts, transfer, holder } = known;
    if (transfer === undefined) {
      if (holder === 'dead') await settleLeft(callId, store);
      else if (await this.#isFirst(callId)) await this.#end(facts, await this.#goneBy(callId));
      return false;
    }
    const wasTaken = await this.#wasTaken(facts, transfer, status);
    if (!(await this.#isFirst(callId))) return false;
    metrics.transfers.inc({ result: wasTaken ? 'taken' : 'gone' });
    if (wasTaken) await settleLeft(callId, store);
    else await this.#end(facts, await this.#goneBy(callId));
    return !wasTaken;
  }

  /** The two talk, after the other side was asked. */
  async joined(facts: CallFacts, to: string): Promise<void> {
    if (!(await this.#isFirst(facts.callId))) return;
    this.#options.metrics.transfers.inc({ result: 'taken' });
    await this.#end(facts, { kind: 'transferred', to, warm: true });
  }

  /** What is told of one end more than once, or beside the other side's answer, counts once. */
  async #isFirst(callId: string): Promise<boolean> {
    return (await this.#options.notes.note(endedKey(callId), noted)) === undefined;
  }

  async #goneBy(callId: string): Promise<Outcome> {
    const by = await this.#options.requestedEnds.by(callId);
    return by === undefined ? { kind: 'callerGone' } : { kind: 'completed', by };
  }

  async #end(facts: CallFacts, told: Outcome): Promise<void> {
    const { store, notes, metrics, endTranscript } = this.#options;
    const { callId, agent } = facts;
    // The store is away: it is settled once that is back, or by what is told next.
    const entries = await store.takeLeft(facts).catch(() => notes.forget(endedKey(callId)));
    // One that was settled in between has its record.
    if (entries === undefined) return;
    const outcome = wasLeft(entries) ? told : DIED;
    if (entries.length > 0) {
      endTranscript(facts, entries, outcome);
      if (outcome.kind !== 'transferred') countEnding(agent, outcome, metrics);
    }
    await store.end(callId, JSON.stringify(HANG_UP));
  }

  async #wasTaken(facts: CallFacts, { refer }: Transfer, status: string | undefined): Promise<boolean> {
    if (status !== undefined && isTaken(status)) return true;
    if ((await this.#options.notes.get(answeredKey(facts.callId))) !== undefined) return true;
    // A telephone that was sent on by REFER hangs up when it got through, and of its new call nobody tells us.
    return status === undefined && refer === true && [facts.from, facts.to].some(isSip);
  }
}

/** A journal that a dead process left is held by another one of its disk, as if it had been let go. */
const wasLeft = (entries: readonly Entry[]): boolean => wasHandedOver(entries) || transferOf(entries) !== undefined;
const DIED: Outcome = { kind: 'failed', fault: FAILURES.PROCESS_DIED.fault, code: 'PROCESS_DIED' };
const noted = { rank: 0, value: 'yes', forMs: NOTED_MS } as const;
const answeredKey = (callId: string): string => `dialled:${callId}`;
const endedKey = (callId: string): string => `left:${callId}`;
const isSip = (address: string): boolean => /^sips?:/i.test(address);
