/** The simulated Live service without its network: sessions, their handles, and who is let in. */
import type { Clock, Ids } from '../../lib/index.ts';
import { admit, type Credentials, type Entry, keyOf, type UpgradeRequest } from './access.ts';
import type { AnswerStyle } from './answer.ts';
import { type Admission, Connection, type ServiceEnd } from './connection.ts';
import { Conversation } from './conversation.ts';
import type { ScenarioFault, SocketFault } from './faults.ts';
import { HANDLE_UNKNOWN, INTERNAL, INVALID_ARGUMENT, QUOTA, type Refusal, UNAVAILABLE } from './refusals.ts';
import { DEFAULT_SCENARIO, parseScenario, type Scenario, type ScenarioInput } from './scenario.ts';
import { createSessionRecord, type SessionEvent, type SessionRecord } from './session-record.ts';
import type { Setup } from './setup-message.ts';
import { judgeSetup } from './setup-rules.ts';
import { HANDLE_LIFE_MS, LOCKED_AFTER_DROP_MS, REFUSAL_MS, RESUME_REFUSAL_MS } from './timings.ts';

export interface LiveServiceOptions extends Credentials {
  readonly clock: Clock;
  readonly ids: Ids;
  /** What the model does in every session, or for the one that a request opens. */
  readonly scenario?: ScenarioInput | undefined;
  readonly scenarioFor?: ((request: UpgradeRequest) => ScenarioInput) | undefined;
  readonly style?: Partial<AnswerStyle> | undefined;
  /** Told of everything that happens in a session. */
  readonly watch?: ((event: SessionEvent, session: SessionRecord) => void) | undefined;
  /** Told of refusals, of setups too that never became a session. */
  readonly refused?: ((refusal: Refusal) => void) | undefined;
}

/** A request that is let in: call `connect` with its socket. */
export interface Invitation {
  readonly status: 101;
  readonly delayPongsMs: number;
  connect(socket: ServiceEnd): void;
}

/** Handles of sessions long over are forgotten first; a test makes a few, a simulator left running thousands. */
const MAX_HANDLES = 1_000;
/** As many sessions are kept for who looks at them. */
const MAX_SESSIONS = 100;
/** Of a socket that broke without a closing handshake, after which the session stays locked for a while. */
const ABNORMAL = 1006;

interface Handle {
  readonly conversation: Conversation;
  readonly expiresAtMs: number;
}

export class LiveService {
  readonly #options: LiveServiceOptions;
  readonly #connections = new Set<Connection>();
  readonly #attached = new Set<Conversation>();
  readonly #sessions: SessionRecord[] = [];
  readonly #refusals: Refusal[] = [];
  readonly #handles = new Map<string, Handle>();
  readonly #droppedAtMs = new WeakMap<Conversation, number>();
  readonly #scenarios = new WeakMap<ScenarioInput, Scenario>();
  readonly #befallen = new WeakMap<ScenarioFault, number>();

  constructor(options: LiveServiceOptions) {
    this.#options = options;
    if (options.scenario !== undefined) this.#parsed(options.scenario);
  }

  /** The latest sessions, oldest first. */
  get sessions(): readonly SessionRecord[] {
    return this.#sessions;
  }

  get refusals(): readonly Refusal[] {
    return this.#refusals;
  }

  /** Lets a request in, or refuses it with an HTTP status. */
  upgrade(request: UpgradeRequest): Invitation | { readonly status: number } {
    const entry = admit(request, this.#options);
    if (typeof entry === 'number') return { status: entry };
    const scenario = this.#parsed(this.#options.scenarioFor?.(request) ?? this.#options.scenario ?? DEFAULT_SCENARIO);
    const key = keyOf(request);
    const httpStatus = this.#befalls(scenario, 'httpStatus', key);
    if (httpStatus !== undefined) return { status: httpStatus.status };
    return {
      status: 101,
      delayPongsMs: this.#befalls(scenario, 'delayedPongs')?.byMs ?? 0,
      connect: (socket) => this.#connect(socket, entry, scenario, key),
    };
  }

  /** Befalls every socket that is open now. */
  befall(fault: SocketFault): void {
    for (const connection of [...this.#connections]) connection.suffer(fault);
  }

  close(): void {
    for (const connection of [...this.#connections]) connection.close(UNAVAILABLE);
  }

  #connect(socket: ServiceEnd, entry: Entry, scenario: Scenario, key: string | undefined): void {
    const connection: Connection = new Connection({
      clock: this.#options.clock,
      socket,
      entry,
      judge: (setup) => this.#judge(setup, entry, scenario, key),
      isDue: (fault) => this.#isDue(fault),
      newHandle: (conversation) => this.#newHandle(conversation, entry),
      refused: (refusal) => {
        if (this.#refusals.length === MAX_SESSIONS) this.#refusals.shift();
        this.#refusals.push(refusal);
        this.#options.refused?.(refusal);
      },
      closed: (conversation, code) => {
        this.#connections.delete(connection);
        if (conversation === undefined || conversation.attached) return;
        this.#attached.delete(conversation);
        if (code === ABNORMAL) this.#droppedAtMs.set(conversation, this.#options.clock.nowMs());
      },
    });
    this.#connections.add(connection);
  }

  #judge(setup: Setup, entry: Entry, scenario: Scenario, key: string | undefined): Admission {
    if (this.#befalls(scenario, 'silentSetup') !== undefined) return { kind: 'hangs' };
    const refusal = this.#befalls(scenario, 'refusal', key);
    if (refusal !== undefined) return refuse({ code: refusal.code, reason: refusal.reason }, REFUSAL_MS);
    const judgement = judgeSetup(setup, entry.backend, entry.apiVersion);
    if (judgement === 'hangs') return { kind: 'hangs' };
    if (judgement !== 'accepted') return refuse(judgement, REFUSAL_MS);
    const handle = setup.sessionResumption?.handle ?? '';
    if (handle !== '') return this.#resume(handle, setup, scenario);
    const quota = scenario.faults.find((fault) => fault.kind === 'quota');
    if (quota !== undefined && this.#attached.size >= quota.sessions) return refuse(QUOTA, REFUSAL_MS);
    const conversation = this.#begin(entry, scenario);
    this.#attached.add(conversation);
    return { kind: 'new', conversation };
  }

  #resume(id: string, setup: Setup, scenario: Scenario): Admission {
    const { clock } = this.#options;
    const handle = this.#befalls(scenario, 'forgottenHandles') === undefined ? this.#handles.get(id) : undefined;
    if (handle === undefined || handle.expiresAtMs < clock.nowMs()) return refuse(HANDLE_UNKNOWN, RESUME_REFUSAL_MS);
    const { conversation } = handle;
    if (conversation.model !== setup.model) return refuse(INVALID_ARGUMENT, RESUME_REFUSAL_MS);
    const droppedAtMs = this.#droppedAtMs.get(conversation) ?? Number.NEGATIVE_INFINITY;
    const locked = conversation.attached || clock.nowMs() - droppedAtMs < LOCKED_AFTER_DROP_MS;
    if (locked && conversation.scenario.refusesEarlyResume) return refuse(INTERNAL, RESUME_REFUSAL_MS);
    this.#attached.add(conversation);
    return { kind: 'resumed', conversation };
  }

  #begin(entry: Entry, scenario: Scenario): Conversation {
    const { clock, ids, watch, style } = this.#options;
    const record = createSessionRecord(ids.uuid(), (event) => watch?.(event, record));
    if (this.#sessions.length === MAX_SESSIONS) this.#sessions.shift();
    this.#sessions.push(record);
    const { backend } = entry;
    const bundled = style?.bundled ?? true;
    const noise = style?.noise ?? true;
    return new Conversation({ clock, ids, backend, scenario, style: { bundled, noise }, record });
  }

  #newHandle(conversation: Conversation, { backend }: Entry): string {
    const { clock, ids } = this.#options;
    const oldest = this.#handles.keys().next();
    if (this.#handles.size === MAX_HANDLES && oldest.done === false) this.#handles.delete(oldest.value);
    const id = ids.uuid();
    this.#handles.set(id, { conversation, expiresAtMs: clock.nowMs() + HANDLE_LIFE_MS[backend] });
    return id;
  }

  /** The scenario's fault of this kind that befalls a connection by `key`, each counted by itself. */
  #befalls<Kind extends ScenarioFault['kind']>(
    scenario: Scenario,
    kind: Kind,
    key?: string,
  ): Extract<ScenarioFault, { kind: Kind }> | undefined {
    return scenario.faults
      .filter((one): one is Extract<ScenarioFault, { kind: Kind }> => one.kind === kind)
      .filter((one) => !('key' in one) || one.key === undefined || one.key === key)
      .find((fault) => this.#isDue(fault));
  }

  /** Counts the connections that a fault could befall. */
  #isDue(fault: ScenarioFault): boolean {
    const before = this.#befallen.get(fault) ?? 0;
    this.#befallen.set(fault, before + 1);
    const sinceIt = before - ('fromConnection' in fault ? fault.fromConnection - 1 : 0);
    const times = 'times' in fault ? fault.times : undefined;
    return sinceIt >= 0 && (times === undefined || sinceIt < times);
  }

  /** Parsed once, so that a scenario's faults are counted over all its sessions. */
  #parsed(input: ScenarioInput): Scenario {
    const known = this.#scenarios.get(input);
    if (known !== undefined) return known;
    const scenario = parseScenario(input);
    this.#scenarios.set(input, scenario);
    return scenario;
  }
}

const refuse = (refusal: Refusal, afterMs: number): Admission => ({ kind: 'refused', refusal, afterMs });
