/** An agent as the service uses it: what its file says, in our units, with the facts about its model. */
import { type AgentFile, USUAL_ECHO_FACTOR } from './agent-file.ts';
import type { Alternative } from './alternatives.ts';
import type { Analysis, Asked } from './analysis-checks.ts';
import type { LiveModel } from './catalogue.ts';
import { noticeMs } from './notice-length.ts';
import { normalAddress } from './routing.ts';
import type { AgentTool } from './tools.ts';
import type { Wording } from './wording.ts';

/** The keys of the file that a Live session takes as they are. */
type LiveKeys =
  | 'voice'
  | 'instruction'
  | 'transcription'
  | 'sampling'
  | 'thinking'
  | 'affectiveDialog'
  | 'proactiveAudio'
  | 'googleSearch'
  | 'codeExecution';

/** The keys of `turnTaking` that the model knows nothing of. */
type GuardKeys = 'protect' | 'echoGuard' | 'backchannelMs';

/** Fits LiveSettings of live/, which a test has the compiler check. */
export interface AgentLive extends Readonly<Pick<AgentFile, LiveKeys>> {
  readonly model: string;
  readonly turnTaking: Omit<AgentFile['turnTaking'], GuardKeys>;
  readonly features: LiveModel['features'];
  readonly language?: string | undefined;
  readonly compression?: Exclude<AgentFile['compression'], false> | undefined;
}

type FallbackFile = NonNullable<AgentFile['fallback']>;

export interface Fallback
  extends Readonly<Pick<FallbackFile, 'say' | 'voice' | 'language' | 'transfer' | 'voicemail'>> {
  /** In place of `say`: a WAV file, known by its agent's name. */
  readonly recording?: { readonly name: string; readonly path: string } | undefined;
}

type NoticeFile = NonNullable<AgentFile['notice']>;

export interface Notice extends Readonly<Pick<NoticeFile, 'say' | 'voice' | 'language'>> {
  /** In place of `say`: a WAV file, and the name by which it is served. */
  readonly recording?: { readonly name: string; readonly path: string } | undefined;
  /** How long it lasts at most. */
  readonly lengthMs: number;
}

type PatienceFile = Exclude<AgentFile['patience'], false>;

export interface Patience extends Readonly<Omit<PatienceFile, 'oneMoment'>> {
  /** What a caller hears who waits while the session is away, and after how much silence; undefined: nothing. */
  readonly oneMoment?: { readonly afterMs: number; readonly recordingPath: string | undefined } | undefined;
}

export interface Agent {
  readonly name: string;
  /** E.164 numbers, and SIP addresses without port and parameters. */
  readonly answers: readonly string[];
  readonly isDefault: boolean;
  /** What to say first; without it the agent waits for the caller. */
  readonly greeting?: string | undefined;
  readonly live: AgentLive;
  /** Greeting and instruction where they have places for what is known of a call; undefined: they stand as they are. */
  readonly wording?: Wording | undefined;
  /** Who is asked about each of its calls while it rings. */
  readonly callStart?: { readonly url: string; readonly secret: string; readonly deadlineMs: number } | undefined;
  readonly toolSpecs: readonly AgentTool[];
  /** What to go on with when the model fails on all back ends. */
  readonly alternatives: readonly Alternative[];
  /** How long it may be mute, and what each remedy has to help; undefined: nobody watches. */
  readonly patience?: Patience | undefined;
  /** When a caller who says nothing is asked whether they are there; undefined: nobody asks. */
  readonly idle?: { readonly askAfterMs: number; readonly times: number } | undefined;
  /** What the model does not hear of the caller while the agent speaks; undefined: it hears everything. */
  readonly guard?:
    | {
        readonly protect: AgentFile['turnTaking']['protect'];
        readonly echoGuard: boolean;
        /** A shorter voice means "go on"; undefined: it is heard. */
        readonly backchannelMs: number | undefined;
      }
    | undefined;
  /** Up to this share of the agent's amplitude, what comes from the phone may be its echo. */
  readonly echoFactor: number;
  /** How the keys that the caller presses are put together; undefined: each is told by itself. */
  readonly keys?:
    | (Omit<NonNullable<AgentFile['keys']>, 'terminator'> & { readonly terminator: string | undefined })
    | undefined;
  readonly limits: {
    readonly callMs: number;
    readonly silenceMs: number;
    readonly heldAudioMs: number;
    /** How many calls it has at once, and one caller of them; undefined: no limit. */
    readonly calls?: number | undefined;
    readonly callsPerCaller?: number | undefined;
  };
  /** Of calls that are placed for it. */
  readonly outbound: {
    readonly ringMs: number;
    /** What happens when a machine answers; undefined: nobody looks. */
    readonly machine?: 'hangUp' | 'leaveMessage' | undefined;
  };
  /** What a caller hears before anything of theirs is heard. */
  readonly notice?: Notice | undefined;
  /** What a caller gets when it cannot speak with them. */
  readonly fallback?: Fallback | undefined;
  readonly afterwards: {
    readonly formats: AgentFile['afterwards']['formats'];
    readonly redact?: Redaction | undefined;
    readonly analysis?: Analysis | undefined;
    readonly webhook?:
      | {
          readonly url: string;
          readonly secret: string;
          readonly events: NonNullable<AgentFile['afterwards']['webhook']>['events'];
        }
      | undefined;
  };
}

type RedactFile = NonNullable<AgentFile['afterwards']['redact']>;
type Redaction = Omit<RedactFile, 'find'> & {
  readonly find?: { readonly what: RedactFile['find']; readonly model: string } | undefined;
};

/** What was found for the names in the file. */
export interface Resolved extends Asked {
  readonly model: LiveModel;
  readonly language: string | undefined;
  readonly webhookSecret: string | undefined;
  readonly callStart: Agent['callStart'];
  readonly alternatives: readonly Alternative[];
  /** Where the recording lies that `fallback.play` names. */
  readonly recordingPath: string | undefined;
  /** The one that `notice.play` names. */
  readonly noticePath: string | undefined;
  /** And the one that `patience.oneMoment.play` names. */
  readonly oneMomentPath: string | undefined;
  readonly toolSpecs: readonly AgentTool[];
  readonly wording: Wording | undefined;
}

export function agentFrom(name: string, file: AgentFile, resolved: Resolved): Agent {
  const { model, language, webhookSecret, callStart, textModel, analysis, alternatives, toolSpecs, wording } = resolved;
  const {
    answers,
    default: isDefault,
    greeting,
    limits,
    patience,
    idle,
    keys,
    notice,
    fallback,
    outbound,
    afterwards,
    compression,
    model: _,
    alternatives: __,
    tools: ___,
    toolHosts: ____,
    mcpServers: _____,
    needs: ______,
    turnTaking: { protect, echoGuard, backchannelMs, ...turnTaking },
    callStart: _______,
    ...live
  } = file;
  const { formats, redact, webhook } = afterwards;
  return {
    name,
    answers: answers.map(normalAddress),
    isDefault,
    greeting,
    live: {
      ...live,
      turnTaking,
      model: model.name,
      features: model.features,
      language,
      compression: compression === false ? undefined : compression,
    },
    wording,
    callStart,
    toolSpecs,
    alternatives,
    patience: patience === false ? undefined : patienceFrom(patience, resolved.oneMomentPath),
    guard: guardFrom({ protect, echoGuard, backchannelMs }),
    echoFactor: typeof echoGuard === 'object' ? echoGuard.factor : USUAL_ECHO_FACTOR,
    idle: idle === false ? undefined : { askAfterMs: idle.askAfterSeconds * 1_000, times: idle.times },
    keys: keys && { ...keys, terminator: keys.terminator === 'none' ? undefined : keys.terminator },
    limits: {
      callMs: limits.callMinutes * 60_000,
      silenceMs: limits.silenceSeconds * 1_000,
      heldAudioMs: limits.heldAudioMs,
      calls: limits.calls,
      callsPerCaller: limits.callsPerCaller,
    },
    outbound: {
      ringMs: outbound.ringSeconds * 1_000,
      machine: typeof outbound.machine === 'object' ? 'leaveMessage' : outbound.machine,
    },
    notice: notice && noticeFrom(name, notice, resolved.noticePath),
    fallback: fallback && fallbackFrom(name, fallback, resolved.recordingPath),
    afterwards: {
      formats,
      redact: redact && redactionFrom(redact, textModel),
      analysis,
      webhook:
        webhook && webhookSecret !== undefined
          ? { url: webhook.url, secret: webhookSecret, events: webhook.events }
          : undefined,
    },
  };
}

function redactionFrom({ find, ...redact }: RedactFile, model: string | undefined): Redaction {
  return { ...redact, ...(find.length > 0 && model !== undefined && { find: { what: find, model } }) };
}

/** No agent has a dot in its name. */
function noticeFrom(name: string, { play: _, ...rest }: NoticeFile, path: string | undefined): Notice {
  const notice = { ...rest, lengthMs: noticeMs(rest.say) };
  return path === undefined ? notice : { ...notice, recording: { name: `${name}.notice`, path } };
}

function patienceFrom({ oneMoment, ...rest }: PatienceFile, recordingPath: string | undefined): Patience {
  return oneMoment === false ? rest : { ...rest, oneMoment: { afterMs: oneMoment.afterMs, recordingPath } };
}

function guardFrom({ protect, echoGuard, backchannelMs }: Pick<AgentFile['turnTaking'], GuardKeys>): Agent['guard'] {
  if (protect.length === 0 && echoGuard === false && backchannelMs === undefined) return undefined;
  return { protect, echoGuard: echoGuard !== false, backchannelMs };
}

function fallbackFrom(name: string, { play: _, ...rest }: FallbackFile, path: string | undefined): Fallback {
  return path === undefined ? rest : { ...rest, recording: { name, path } };
}
