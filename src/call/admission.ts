/** Which calls are let in: by this process's own places, and by those that all processes of the service share. */
import { createHmac, hkdfSync } from 'node:crypto';
import { type Clock, Failure, type FailureCode } from '../lib/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { askStore } from './ask-store.ts';
import type { RingingCall } from './ringing-call.ts';

/** Counting is one round trip to a store nearby; a caller hears nothing meanwhile. */
const TAKE_DEADLINE_MS = 1_000;
/** Keeps this key apart from any other made of the same secret (RFC 5869 §3.2). */
const KEY_PURPOSE = 'callbridge caller slots 1';

/** Counted places by name, shared by the processes of one service. A call holds by its own id, whichever process it is at. */
export interface CallSlots {
  /** Idempotent by holder. False: `limit` others hold it. */
  take(name: string, limit: number, holder: string): Promise<boolean>;
  give(name: string, holder: string): void;
}

export interface AgentLimits {
  /** How many calls the agent has at once, over all processes. */
  readonly calls?: number | undefined;
  /** How many of them one caller may have. */
  readonly callsPerCaller?: number | undefined;
}

/** A credential of the Live service that an agent may use, and how many sessions it has. */
export interface CountedCredential {
  readonly name: string;
  readonly sessions: number;
}

export interface Admittance {
  readonly call: RingingCall;
  readonly limits: AgentLimits;
  /** In the order of the agent's routes; one with a free place is enough. Empty: they are not counted. */
  readonly credentials?: readonly CountedCredential[] | undefined;
  /** A call that was let in before, here or by another process: it is counted, and never refused. */
  readonly running?: boolean | undefined;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'callSlotsUsed' | 'callSlotsLimit' | 'failures'>;
  readonly slots: CallSlots;
  /** How many calls this process has at once. */
  readonly maxCalls: number;
  readonly overload: { readonly isOn: boolean };
  /** Callers' numbers are counted under names that only those who have it can make. */
  readonly secret: string;
}

interface Place {
  readonly holdings: Holding[];
  readonly admitted: Promise<void>;
}

/** One shared place, from the question until it is given back: what is still being taken is given back when it has been. */
interface Holding {
  readonly name: string;
  state: 'taking' | 'held' | 'left' | 'given';
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #key: Buffer;
  readonly #places = new Map<string, Place>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#key = Buffer.from(hkdfSync('sha256', options.secret, '', KEY_PURPOSE, 32));
    options.metrics.callSlotsLimit.set(options.maxCalls);
  }

  /** Why the next call would be refused, whatever its agent. */
  get closedBecause(): readonly FailureCode[] {
    const { overload, maxCalls } = this.#options;
    return [
      ...(overload.isOn ? (['SERVICE_OVERLOADED'] as const) : []),
      ...(this.#places.size >= maxCalls ? (['SERVICE_FULL'] as const) : []),
    ];
  }

  /**
   * Idempotent by call id. Rejects with Failure SERVICE_OVERLOADED, SERVICE_FULL, AGENT_FULL, CALLER_LIMIT, LIVE_FULL;
   * then nothing is held.
   */
  admit(request: Admittance): Promise<void> {
    const { callId } = request.call;
    const known = this.#places.get(callId);
    if (known !== undefined) return known.admitted;
    const [code] = request.running ? [] : this.closedBecause;
    if (code !== undefined) return Promise.reject(new Failure(code, REASONS[code] ?? code));
    const holdings: Holding[] = [];
    const admitted = this.#take(request, holdings).catch((error: unknown) => {
      this.leave(callId);
      throw error;
    });
    this.#places.set(callId, { holdings, admitted });
    this.#count();
    return admitted;
  }

  /** The call is over: gives back all that it holds, once. Idempotent. */
  leave(callId: string): void {
    const place = this.#places.get(callId);
    this.#places.delete(callId);
    this.#count();
    for (const holding of place?.holdings ?? []) {
      if (holding.state === 'held') this.#give(holding, callId);
      else if (holding.state === 'taking') holding.state = 'left';
    }
  }

  #give(holding: Holding, callId: string): void {
    holding.state = 'given';
    this.#options.slots.give(holding.name, callId);
  }

  async #take({ call, limits, credentials = [], running = false }: Admittance, holdings: Holding[]): Promise<void> {
    const take = async (name: string, limit: number): Promise<boolean> => {
      const holding: Holding = { name, state: 'taking' };
      holdings.push(holding);
      return (await this.#took(holding, limit, call.callId)) || running;
    };
    if (limits.calls !== undefined && !(await take(`agent:${call.agent}`, limits.calls))) {
      throw new Failure('AGENT_FULL', `agent ${call.agent} has its ${limits.calls} calls`);
    }
    const caller = callerOf(call);
    if (limits.callsPerCaller !== undefined && caller !== undefined) {
      const name = `caller:${call.agent}:${this.#hash(caller)}`;
      if (!(await take(name, limits.callsPerCaller))) {
        throw new Failure('CALLER_LIMIT', `the caller has their ${limits.callsPerCaller} calls`);
      }
    }
    for (const { name, sessions } of credentials) if (await take(`credential:${name}`, sessions)) return;
    if (credentials.length > 0) throw new Failure('LIVE_FULL', 'all sessions of all credentials are in use');
  }

  /** A store that is away refuses nobody: this process's own limit holds still. */
  async #took(holding: Holding, limit: number, callId: string): Promise<boolean> {
    const taking = this.#options.slots.take(holding.name, limit, callId).then((took) => {
      if (holding.state === 'left') this.#give(holding, callId);
      else if (holding.state === 'taking') holding.state = took ? 'held' : 'given';
      return took;
    });
    const question = {
      callId,
      limitMs: TAKE_DEADLINE_MS,
      late: `no place within ${TAKE_DEADLINE_MS} ms`,
      otherwise: true,
      meaning: 'call let in uncounted',
    };
    return askStore(taking, question, this.#options);
  }

  #hash(caller: string): string {
    return createHmac('sha256', this.#key).update(caller).digest('base64url').slice(0, 22);
  }

  #count(): void {
    this.#options.metrics.callSlotsUsed.set(this.#places.size);
  }
}

const REASONS: Partial<Record<FailureCode, string>> = {
  SERVICE_OVERLOADED: 'the event loop is late',
  SERVICE_FULL: 'all calls of this process are in use',
};

/** Whom the agent speaks with; undefined when they withhold their number: such callers have nothing in common. */
function callerOf({ direction, from, to }: RingingCall): string | undefined {
  const caller = (direction === 'outbound' ? to : from).trim().toLowerCase();
  const [user = ''] = caller.replace(/^sips?:/, '').split('@');
  return WITHHELD.has(user.replace(/^\+/, '')) ? undefined : caller;
}

/** Words for a caller without a number, and how Twilio spells them on a keypad. */
const WITHHELD: ReadonlySet<string> = new Set([
  ...['', 'anonymous', 'unknown', 'restricted', 'unavailable', 'private', 'blocked', 'withheld'],
  ...['266696687', '8656696', '7378742833', '86282452253', '7748283', '2562533'],
]);
