/**
 * The life of one call, as a pure function: what may happen in each phase, and what is done about it.
 *
 *                    no session yet           session ready            session on its way back
 *   before the       ringing ◀──liveLost──── prepared
 *   stream              │ └─────liveReady──────▲ │
 *                streamStarted              streamStarted
 *   with a              ▼                        ▼
 *   stream           connecting ──liveReady──▶ talking ◀──liveReady── resuming
 *                       │                      │ ▲ └──liveLost, liveLeaving, agentMute──▲ ▲
 *                   streamLost        streamLost │ streamStarted                         │
 *   between two         ▼                      ▼ │                     streamStarted,    │
 *   streams          adrift ────liveReady────▶ parted                  from adrift ──────┘
 *                       ▲───────liveLost─────────┘
 *
 *   From talking, an agent that has asked for the call's end, or a transfer, leads to farewell: heardOut does what it asked
 *   for, and a caller who speaks before that leads back to talking. Whoever comes back from a transfer is taken up anew.
 *
 *   hangUp, a session lost for good, and deadlines lead to draining, and by playedOut to ended. A stream that breaks does not
 *   end a call: the provider, asked what comes next, brings the caller back by another one. callerGone ends the call from any
 *   phase, abandoned all but one that is put through. handOver and taken lead to released: another process writes its record.
 *
 * Sound never passes through here: for each piece of it the call looks up FLOW[phase].
 */
import { FAILURES, type FailureCode, unreachable } from '../lib/index.ts';
import type { Outcome, Transfer } from '../transcript/index.ts';

export type Phase =
  | 'ringing'
  | 'prepared'
  | 'connecting'
  | 'talking'
  | 'farewell'
  | 'resuming'
  | 'parted'
  | 'adrift'
  | 'draining'
  | 'ended'
  | 'released';

interface PhaseFlow {
  /** What becomes of the caller's sound: sent to the model, kept for it, or neither. */
  readonly callerAudio: 'forward' | 'hold' | 'drop';
  /** What becomes of the model's sound: played (or queued, before there is a stream), or not. */
  readonly agentAudio: 'play' | 'drop';
  readonly deadlineMs: number;
}

/** What may flow while a phase lasts, and how long it may last: where a notice comes before the stream, by so much longer. */
export const FLOW = {
  // A provider opens the stream within a second or two of our answer; 30 s later nobody will.
  ringing: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 30_000 },
  prepared: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 30_000 },
  // The caller hears nothing meanwhile: eight seconds allow one slow setup and one more try.
  connecting: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 8_000 },
  talking: { callerAudio: 'forward', agentAudio: 'play', deadlineMs: Number.POSITIVE_INFINITY },
  // What the agent is saying, and its goodbye after that; one that goes on for longer is no goodbye.
  farewell: { callerAudio: 'forward', agentAudio: 'play', deadlineMs: 45_000 },
  // The back-off of live/resumption.ts (1.5, 3 and 6 s) and the setups between fit in.
  resuming: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 14_000 },
  // A provider that comes back by itself does so within a second or two; one that is asked by its REST API needs some more.
  parted: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 20_000 },
  adrift: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 20_000 },
  // Long enough for a goodbye of twenty seconds and the apology; playing out ends it before.
  draining: { callerAudio: 'drop', agentAudio: 'drop', deadlineMs: 30_000 },
  ended: { callerAudio: 'drop', agentAudio: 'drop', deadlineMs: Number.POSITIVE_INFINITY },
  released: { callerAudio: 'drop', agentAudio: 'drop', deadlineMs: Number.POSITIVE_INFINITY },
} as const satisfies Record<Phase, PhaseFlow>;

/** Who ended a call that was completed. */
export type EndedBy = 'agent' | 'timeLimit' | 'silence' | 'shutdown' | 'machine' | 'api';

export type CallState =
  | { readonly phase: 'ringing' | 'prepared' | 'connecting' | 'talking' | 'resuming' }
  /** `alone`: its session is gone, and only what it said before is heard. `next`: a transfer, or the end, and by whom. */
  | { readonly phase: 'farewell'; readonly next: Transfer | EndedBy; readonly alone: boolean }
  /** `transfer`: to whom the caller is put through, while nobody holds the call. */
  | { readonly phase: 'released'; readonly transfer?: Transfer }
  /** `because`: what becomes of the call when nobody brings the caller back. */
  | { readonly phase: 'parted' | 'adrift'; readonly because: FailureCode }
  | { readonly phase: 'draining' | 'ended'; readonly outcome: Outcome };

export type CallEvent =
  | { readonly type: 'streamStarted' }
  | { readonly type: 'streamLost'; readonly code: FailureCode }
  | { readonly type: 'liveReady' }
  | { readonly type: 'liveLost'; readonly code: FailureCode; readonly recoverable: boolean }
  | { readonly type: 'liveLeaving' }
  /** The session is there, it is the agent's turn, and nothing comes: how far to go about it. */
  | { readonly type: 'agentMute'; readonly rung: 'nudge' | 'resume' | 'afresh' | 'goodbye' }
  | { readonly type: 'bargedIn' }
  /** The agent has asked for the end of the call, or for a transfer; or it says goodbye to a caller who says nothing. */
  | { readonly type: 'leave'; readonly next: Transfer | EndedBy }
  /** Its last words were heard, or it has none. */
  | { readonly type: 'heardOut' }
  /** The caller says something, whatever the model makes of it. */
  | { readonly type: 'callerSpoke' }
  | { readonly type: 'hangUp'; readonly by: EndedBy }
  | { readonly type: 'playedOut' }
  /** The call is over at the provider; `by`: who has had it ended, unless it was the caller. */
  | { readonly type: 'callerGone'; readonly by?: 'api' | undefined }
  | { readonly type: 'abandoned'; readonly code: FailureCode }
  | { readonly type: 'handOver' }
  | { readonly type: 'taken' }
  | { readonly type: 'deadline' };

/** What the call must do, in order; it reports back with events. Each is idempotent: nobody is greeted who was before. */
export type Effect =
  | 'dialLive'
  | 'resumeLive'
  | 'beginAfresh'
  | 'closeLive'
  | 'greet'
  | 'nudge'
  | 'carryOn'
  | 'releaseHeldAudio'
  | 'clearPlayout'
  | 'rewindPlayout'
  | 'apologise'
  | 'closeStream'
  | 'letGo'
  | 'finish';

export type Step = readonly [next: CallState, effects: readonly Effect[]];

/** The voice webhook came: the session is dialled while the phone still rings. */
export const begin = (): Step => [{ phase: 'ringing' }, ['dialLive']];

/** The process that held the call is gone, or gave it away: the session is dialled while the provider brings the caller back. */
export const beginTakenUp = (because: FailureCode): Step => [{ phase: 'adrift', because }, ['dialLive']];

export function advance(state: CallState, event: CallEvent): Step {
  if (state.phase === 'ended' || state.phase === 'released') return stay(state);
  switch (event.type) {
    case 'callerGone':
      return end('outcome' in state ? state.outcome : event.by ? completed(event.by) : { kind: 'callerGone' });
    case 'abandoned':
      if (isPutThrough(state)) return leave(state.next);
      return end('outcome' in state ? state.outcome : failed(event.code));
    case 'taken':
      return [{ phase: 'released' }, ['closeLive', 'closeStream', 'letGo']];
  }
  if (event.type === 'hangUp' && state.phase !== 'draining') {
    // The time is up for the agent alone. A machine was told nothing.
    if (isPutThrough(state) && event.by !== 'machine') return [{ ...state, alone: true }, ['closeLive']];
    return drain(completed(event.by));
  }
  // A goodbye is said to its end here, and an agent that has said it is missed by nobody.
  if (state.phase !== 'draining' && state.phase !== 'farewell') {
    if (event.type === 'liveLost' && !event.recoverable) return apologise(event.code);
    if (event.type === 'handOver') return [{ phase: 'released' }, ['closeLive', 'letGo']];
  }
  switch (state.phase) {
    case 'ringing':
      switch (event.type) {
        case 'streamStarted':
          return [{ phase: 'connecting' }, []];
        case 'liveReady':
          return [{ phase: 'prepared' }, ['greet', 'carryOn']];
        case 'liveLost':
          return [state, ['resumeLive']];
        case 'deadline':
          return end(failed('STREAM_NEVER_CAME'));
        default:
          return stay(state);
      }
    case 'prepared':
      switch (event.type) {
        case 'streamStarted':
          return [{ phase: 'talking' }, ['releaseHeldAudio']];
        case 'liveLost':
          return [{ phase: 'ringing' }, ['resumeLive']];
        case 'deadline':
          return end(failed('STREAM_NEVER_CAME'));
        default:
          return stay(state);
      }
    case 'connecting':
    case 'resuming':
      switch (event.type) {
        case 'liveReady':
          return [{ phase: 'talking' }, ['greet', 'carryOn', 'releaseHeldAudio']];
        // A session that another process began can be refused to us at first: the service still believes in the old socket.
        case 'liveLost':
          return [state, ['resumeLive']];
        case 'streamLost':
          return [{ phase: 'adrift', because: event.code }, ['rewindPlayout']];
        case 'deadline':
          return apologise(state.phase === 'connecting' ? 'LIVE_SETUP_TIMEOUT' : 'LIVE_RESUME_FAILED');
        default:
          return stay(state);
      }
    case 'talking':
      switch (event.type) {
        case 'bargedIn':
          return [state, ['clearPlayout']];
        case 'liveLeaving':
        case 'liveLost':
          return [{ phase: 'resuming' }, ['resumeLive']];
        case 'agentMute':
          return climb(state, event.rung);
        case 'streamLost':
          return [{ phase: 'parted', because: event.code }, ['rewindPlayout']];
        case 'leave':
          return [{ phase: 'farewell', next: event.next, alone: false }, []];
        default:
          return stay(state);
      }
    case 'farewell':
      switch (event.type) {
        case 'bargedIn':
          return state.alone ? stay(state) : [{ phase: 'talking' }, ['clearPlayout']];
        case 'callerSpoke':
          return state.alone ? stay(state) : [{ phase: 'talking' }, []];
        case 'liveLost':
          return [{ ...state, alone: true }, ['closeLive']];
        // The last that the agent asks for is what it wants; nobody else's goodbye takes the place of that.
        case 'leave':
          return state.alone || event.next === 'silence' ? stay(state) : [{ ...state, next: event.next }, []];
        case 'heardOut':
        case 'streamLost':
        case 'deadline':
          return leave(state.next);
        default:
          return stay(state);
      }
    case 'parted':
      switch (event.type) {
        case 'streamStarted':
          return [{ phase: 'talking' }, ['carryOn', 'releaseHeldAudio']];
        case 'bargedIn':
          return [state, ['clearPlayout']];
        case 'liveLeaving':
        case 'liveLost':
          return [{ phase: 'adrift', because: state.because }, ['resumeLive']];
        case 'deadline':
          return end(failed(state.because));
        default:
          return stay(state);
      }
    case 'adrift':
      switch (event.type) {
        case 'streamStarted':
          return [{ phase: 'resuming' }, []];
        case 'liveReady':
          return [{ phase: 'parted', because: state.because }, ['greet']];
        case 'liveLost':
          return [state, ['resumeLive']];
        case 'deadline':
          return end(failed(state.because));
        default:
          return stay(state);
      }
    case 'draining':
      switch (event.type) {
        case 'streamLost':
        case 'playedOut':
        case 'deadline':
          return end(state.outcome);
        default:
          return stay(state);
      }
    default:
      return unreachable(state.phase);
  }
}

/** The ladder for an agent that is connected and mute. */
function climb(state: CallState, rung: Extract<CallEvent, { type: 'agentMute' }>['rung']): Step {
  switch (rung) {
    case 'nudge':
      return [state, ['nudge']];
    case 'resume':
      return [{ phase: 'resuming' }, ['resumeLive']];
    case 'afresh':
      return [{ phase: 'resuming' }, ['beginAfresh']];
    case 'goodbye':
      return apologise('LIVE_MUTE');
    default:
      return unreachable(rung);
  }
}

/** The caller was told that somebody else takes their call: no end of this side's is theirs. */
const isPutThrough = (state: CallState): state is CallState & { readonly phase: 'farewell'; readonly next: Transfer } =>
  state.phase === 'farewell' && typeof state.next !== 'string';
const stay = (state: CallState): Step => [state, []];
/** Let what is queued be heard, then end. */
const drain = (outcome: Outcome): Step => [{ phase: 'draining', outcome }, ['closeLive']];
/** The agent is gone for good: the caller hears why, then the call ends. */
const apologise = (code: FailureCode): Step => [
  { phase: 'draining', outcome: failed(code) },
  ['closeLive', 'apologise'],
];
const end = (outcome: Outcome): Step => [{ phase: 'ended', outcome }, ['closeLive', 'closeStream', 'finish']];
/** What the agent has asked for. */
const leave = (next: Transfer | EndedBy): Step =>
  typeof next === 'string' ? end(completed(next)) : [{ phase: 'released', transfer: next }, ['closeLive', 'letGo']];
const completed = (by: EndedBy): Outcome => ({ kind: 'completed', by });
const failed = (code: FailureCode): Outcome => ({ kind: 'failed', fault: FAILURES[code].fault, code });
