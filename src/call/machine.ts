/**
 * The life of one call, as a pure function: what may happen in each phase, and what is done about it.
 *
 *   ringing ──streamStarted──▶ connecting ──liveReady──▶ talking ◀──liveReady── resuming
 *     │  ▲                         │                     ▲  │ └─liveLost, liveLeaving──▲ │
 *     │  └─liveLost─┐              │                     │  │                            │
 *     └─liveReady─▶ prepared ──────│────streamStarted────┘  │                            │
 *                                  └── hangUp, refused, deadline ──▶ draining ◀──────────┘
 *                                                                       └── playedOut, deadline ──▶ ended
 *   callerGone and streamLost end the call from any phase.
 *
 * Sound never passes through here: for each piece of it the call looks up FLOW[phase].
 */
import { FAILURES, type FailureCode, unreachable } from '../lib/index.ts';
import type { Outcome } from '../transcript/index.ts';

export type Phase = 'ringing' | 'prepared' | 'connecting' | 'talking' | 'resuming' | 'draining' | 'ended';

interface PhaseFlow {
  /** What becomes of the caller's sound: sent to the model, kept for it, or neither. */
  readonly callerAudio: 'forward' | 'hold' | 'drop';
  /** What becomes of the model's sound: played (or queued, before there is a stream), or not. */
  readonly agentAudio: 'play' | 'drop';
  readonly deadlineMs: number;
}

/** What may flow while a phase lasts, and how long it may last. */
export const FLOW = {
  // A provider opens the stream within a second or two of our answer; 30 s later nobody will.
  ringing: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 30_000 },
  prepared: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 30_000 },
  // The caller hears nothing meanwhile: eight seconds allow one slow setup and one more try.
  connecting: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 8_000 },
  talking: { callerAudio: 'forward', agentAudio: 'play', deadlineMs: Number.POSITIVE_INFINITY },
  // The back-off of live/resumption.ts (1.5, 3 and 6 s) and the setups between fit in.
  resuming: { callerAudio: 'hold', agentAudio: 'play', deadlineMs: 14_000 },
  // Long enough for a goodbye of twenty seconds and the apology; playing out ends it before.
  draining: { callerAudio: 'drop', agentAudio: 'drop', deadlineMs: 30_000 },
  ended: { callerAudio: 'drop', agentAudio: 'drop', deadlineMs: Number.POSITIVE_INFINITY },
} as const satisfies Record<Phase, PhaseFlow>;

export type CallState =
  | { readonly phase: Exclude<Phase, 'draining' | 'ended'> }
  | { readonly phase: 'draining' | 'ended'; readonly outcome: Outcome };

export type CallEvent =
  | { readonly type: 'streamStarted' }
  | { readonly type: 'liveReady' }
  | { readonly type: 'liveLost'; readonly code: FailureCode; readonly recoverable: boolean }
  | { readonly type: 'liveLeaving' }
  | { readonly type: 'bargedIn' }
  | { readonly type: 'hangUp' }
  | { readonly type: 'playedOut' }
  | { readonly type: 'callerGone' }
  | { readonly type: 'streamLost'; readonly code: FailureCode }
  | { readonly type: 'deadline' };

/** What the call must do, in order; it reports back with events. Each is idempotent: nobody is greeted who was before. */
export type Effect =
  | 'dialLive'
  | 'resumeLive'
  | 'closeLive'
  | 'greet'
  | 'releaseHeldAudio'
  | 'clearPlayout'
  | 'apologise'
  | 'closeStream'
  | 'finish';

export type Step = readonly [next: CallState, effects: readonly Effect[]];

/** The voice webhook came: the session is dialled while the phone still rings. */
export const begin = (): Step => [{ phase: 'ringing' }, ['dialLive']];

export function advance(state: CallState, event: CallEvent): Step {
  if (state.phase === 'ended') return stay(state);
  if (event.type === 'callerGone') return end('outcome' in state ? state.outcome : { kind: 'callerGone' });
  if (event.type === 'streamLost') return end('outcome' in state ? state.outcome : failed(event.code));
  if (state.phase !== 'draining') {
    if (event.type === 'hangUp') return drain({ kind: 'completed' });
    if (event.type === 'liveLost' && !event.recoverable) return apologise(event.code);
  }
  switch (state.phase) {
    case 'ringing':
      switch (event.type) {
        case 'streamStarted':
          return [{ phase: 'connecting' }, []];
        case 'liveReady':
          return [{ phase: 'prepared' }, ['greet']];
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
      switch (event.type) {
        case 'liveReady':
          return [{ phase: 'talking' }, ['greet', 'releaseHeldAudio']];
        case 'liveLost':
          return [state, ['resumeLive']];
        case 'deadline':
          return apologise('LIVE_SETUP_TIMEOUT');
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
        default:
          return stay(state);
      }
    case 'resuming':
      switch (event.type) {
        case 'liveReady':
          return [{ phase: 'talking' }, ['greet', 'releaseHeldAudio']];
        case 'liveLost':
          return apologise(event.code);
        case 'deadline':
          return apologise('LIVE_RESUME_FAILED');
        default:
          return stay(state);
      }
    case 'draining':
      switch (event.type) {
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

const stay = (state: CallState): Step => [state, []];
/** Let what is queued be heard, then end. */
const drain = (outcome: Outcome): Step => [{ phase: 'draining', outcome }, ['closeLive']];
/** The agent is gone for good: the caller hears why, then the call ends. */
const apologise = (code: FailureCode): Step => [
  { phase: 'draining', outcome: failed(code) },
  ['closeLive', 'apologise'],
];
const end = (outcome: Outcome): Step => [{ phase: 'ended', outcome }, ['closeLive', 'closeStream', 'finish']];
const failed = (code: FailureCode): Outcome => ({ kind: 'failed', fault: FAILURES[code].fault, code });
