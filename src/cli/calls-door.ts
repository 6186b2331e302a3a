/** Calls over HTTP, put together: who may be called, who speaks, and where what is known of a call is found. */
import {
  type CallRegistry,
  OutboundCalls,
  type PlacedCall,
  type RequestedEnds,
  UnansweredCalls,
  type UnansweredCallsOptions,
} from '../call/index.ts';
import type { Cluster } from '../cluster/index.ts';
import { type Agent, type Config, isVoice, languageNamed, languagesNear, voicesNear } from '../config/index.ts';
import { type CallsDoor, type CallView, MACHINE_PATH, STATUS_PATH, VOICE_PATH } from '../http/index.ts';
import { type Clock, Failure } from '../lib/index.ts';
import { findRecord } from '../postprocess/index.ts';
import { createTwilioCallPlacer } from '../telephony/index.ts';
import {
  type CallFacts,
  type OutboundFacts,
  type Outcome,
  outcomeSchema,
  type Unanswered,
} from '../transcript/index.ts';
import type { Tools } from './postprocessing.ts';

/** What one answer holds, 250 kB of it; who has more calls looks at them one by one. */
const MAX_LISTED = 1_000;

export interface CallsDoorOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly cluster: Pick<Cluster, 'notes' | 'store'>;
  readonly registry: Pick<CallRegistry, 'notReadyBecause'>;
  readonly outbound: OutboundCalls;
  readonly requestedEnds: Pick<RequestedEnds, 'hangUp'>;
}

/** Without an account, or its token, there is nobody to place calls with. */
export function openOutbound(
  config: Config,
  { clock, ids, logger, metrics }: Tools,
  { notes, store }: Pick<Cluster, 'notes' | 'store'>,
  requestedEnds: RequestedEnds,
  endTranscript: UnansweredCallsOptions['endTranscript'],
): OutboundCalls {
  const { accountSid, authToken, apiBaseUrl: baseUrl } = config.twilio;
  const { publicUrl } = config.http;
  const isOff = accountSid === undefined || authToken === undefined || config.api.destinations.length === 0;
  const unanswered = new UnansweredCalls({ clock, logger, metrics, store, provider: 'twilio', endTranscript });
  return new OutboundCalls({
    clock,
    ids,
    logger,
    metrics,
    notes,
    unanswered: (...call) => unanswered.ended(...call),
    cutOff: () => store.away,
    requestedEnds,
    placer: isOff ? undefined : createTwilioCallPlacer({ accountSid, authToken, baseUrl, clock }),
    urls: { voice: publicUrl + VOICE_PATH, status: publicUrl + STATUS_PATH, machine: publicUrl + MACHINE_PATH },
  });
}

export function createCallsDoor(options: CallsDoorOptions): CallsDoor {
  const { config, clock, cluster, registry, outbound, requestedEnds } = options;
  const { store } = cluster;
  const { destinations } = config.api;

  const look = async (id: string): Promise<CallView | undefined> => {
    const record = await findRecord(config.dirs.records, id);
    const placed = await outbound.find(id);
    if (record !== undefined) {
      const { agent, from, to, direction } = record as unknown as CallFacts;
      const end = placed?.end ?? endIn(record);
      return { id, state: 'ended', end, direction, agent, from, to, record };
    }
    if (placed !== undefined && placed.state !== 'inProgress') return viewOf(placed);
    const known = await store.look(id);
    if (known.state === 'running') return running(known.facts);
    return placed && viewOf(known.state === 'ended' ? { ...placed, state: 'ended' } : placed);
  };

  return {
    async place({ agent: name, to, from: asked, ...given }) {
      const agent = agentOf(config, name);
      const ordered = checked(config, given);
      if (!outbound.canPlace) throw new Failure('OUTBOUND_OFF', whyOff(config));
      if (!destinations.some((prefix) => to.startsWith(prefix))) {
        throw new Failure('OUTBOUND_REFUSED', 'to: OUTBOUND_ALLOWED does not let this number be called');
      }
      const from = asked ?? config.api.from ?? firstNumber(agent);
      if (from === undefined) {
        throw new Failure(
          'API_BAD_REQUEST',
          'from: is missing, and neither TWILIO_FROM nor a number of the agent stands for it',
        );
      }
      // Somebody would answer, and nobody would speak.
      const [code] = registry.notReadyBecause;
      if (code !== undefined) throw new Failure(code, 'this process takes no calls just now');
      const settings = { ...agent.outbound, maxCallMs: maxCallMsOf(agent) };
      const { model, voice } = agent.live;
      const order = { agent: agent.name, model, voice: ordered.voice ?? voice, to, from, outbound: ordered };
      return viewOf(await outbound.place(order, settings));
    },
    async list() {
      const answered = (await store.running(MAX_LISTED)).map(running);
      const ids = new Set(answered.map(({ id }) => id));
      const nowMs = clock.nowMs();
      const placed = (await outbound.live(MAX_LISTED))
        .filter(({ callId, state, atMs }) => ids.has(callId) || nowMs - atMs < UNTOLD_MS[state])
        .map(viewOf);
      return [...new Map([...placed, ...answered].map((call) => [call.id, call])).values()].slice(0, MAX_LISTED);
    },
    look,
    async hangUp(id) {
      const call = await look(id);
      // Of one that has ended the record may still wait for a side effect.
      if (call === undefined && (await store.look(id)).state !== 'ended') return false;
      if (call?.record === undefined || mayLast(call.record)) await requestedEnds.hangUp(id);
      return true;
    },
  };
}

/**
 * How long a call that the provider told nothing more of may be as it was: for an order that Twilio queues, for the longest ring,
 * and until the stream of one that was answered is here.
 */
const UNTOLD_MS: Readonly<Record<PlacedCall['state'], number>> = {
  queued: 60 * 60_000,
  ringing: 10 * 60_000,
  inProgress: 60_000,
  ended: 0,
};

/** The provider ends a call that we have forgotten; the goodbye at our own limit comes before. */
const AFTER_LIMIT_MS = 60_000;
/** Twilio ends any call by then. */
const LONGEST_CALL_MS = 4 * 60 * 60_000;

/** Whoever was put through talks on for as long as they like, and who is chosen when the call is answered has a limit of their own. */
function maxCallMsOf({ limits, toolSpecs, callStart }: Agent): number {
  const mayOutlast = callStart !== undefined || toolSpecs.some(({ kind }) => kind === 'transferCall');
  return mayOutlast ? LONGEST_CALL_MS : limits.callMs + AFTER_LIMIT_MS;
}

function whyOff({ api, twilio }: Config): string {
  if (api.destinations.length === 0) return 'OUTBOUND_ALLOWED is not set: no calls are placed';
  return twilio.accountSid === undefined ? 'TWILIO_ACCOUNT_SID is not set' : 'TWILIO_AUTH_TOKEN is not set';
}

function agentOf({ agents }: Config, name: string | undefined): Agent {
  const agent =
    name === undefined
      ? (agents.find(({ isDefault }) => isDefault) ?? (agents.length === 1 ? agents[0] : undefined))
      : agents.find((each) => each.name === name);
  if (agent !== undefined) return agent;
  const why = name === undefined ? 'is missing, and there is no default one' : 'there is none of this name';
  throw new Failure('API_BAD_REQUEST', `agent: ${why}`);
}

/** A voice and a language that there are, the language as the catalogue writes it. */
function checked(config: Config, given: OutboundFacts): OutboundFacts {
  const { voice } = given;
  if (voice !== undefined && !isVoice(config, voice)) throw nothingOf('voice', voicesNear(config, voice));
  const language = given.language && languageNamed(config, given.language);
  if (language === undefined && given.language !== undefined) {
    throw nothingOf('language', languagesNear(config, given.language));
  }
  return { ...given, language };
}

function nothingOf(key: string, nearest: string): Failure {
  return new Failure('API_BAD_REQUEST', `${key}: there is none of this name; ${nearest}`);
}

/** Of what it answers, SIP addresses call nobody. */
function firstNumber({ answers }: Agent): string | undefined {
  return answers.find((address) => address.startsWith('+'));
}

/** What was told of a placed call is forgotten before its record is. */
function endIn(record: Record<string, unknown>): Unanswered | undefined {
  const outcome = outcomeIn(record);
  return outcome?.kind === 'unanswered' ? outcome.end : undefined;
}

/** Whoever was put through talks on when the record is long written, and nobody here knows for how long. */
const mayLast = (record: Record<string, unknown>): boolean => outcomeIn(record)?.kind === 'transferred';

const outcomeIn = ({ outcome }: Record<string, unknown>): Outcome | undefined => outcomeSchema.safeParse(outcome).data;

function viewOf({ callId: id, atMs: _, ...call }: PlacedCall): CallView {
  return { id, direction: 'outbound', ...call };
}

function running({ callId: id, direction, agent, from, to }: CallFacts): CallView {
  return { id, state: 'inProgress', direction, agent, from, to };
}
