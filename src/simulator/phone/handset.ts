/**
 * The phone in the caller's hand, from answering to hanging up: what is said into it, what is heard from it, on one
 * absolute 20 ms schedule. Whatever carries the call at the moment (a media stream, or nothing) is attached to it.
 */
import { g711, rmsDbov } from '../../audio/index.ts';
import type { Cancel, Clock } from '../../lib/index.ts';
import type { CallEnd, PhoneHappening, Timeline } from './events.ts';
import { BYTES_PER_MS, createPlayback, type Playback, ULAW_SILENCE } from './playback.ts';

export const FRAME_MS = 20;
const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
/** What Twilio allows a call of a trial account: longer than any fixture, and 4.8 MB of sound. */
const DEFAULT_MAX_CALL_MS = 600_000;
/** A frame that is louder counts as sound: well above the noise of a codec, well below a soft voice. */
export const SOUND_DBOV = -50;
/** A pause between sentences is shorter than this; after it the agent has stopped. */
const PAUSE_MS = 600;

/** What carries the call. */
export interface Carrier {
  /** 160 bytes of μ-law every 20 ms; valid during the call only. */
  frame(ulaw: Uint8Array): void;
  digit(digit: string): void;
  /** Once, when the call ends. */
  ended(): void;
}

export interface Handset {
  readonly playback: Playback;
  /** How the call ended; undefined while it lasts. */
  readonly end: CallEnd | undefined;
  readonly whenEnded: Promise<CallEnd>;
  /** Whether the last frame had sound in it. */
  readonly audible: boolean;
  /** How long nothing has been heard, in ms. */
  quietMs(): number;
  /** Time since the call was answered, and no more once it has ended. */
  elapsedMs(): number;
  /** Speaks after what is being said; true when said to the end, false when the call ended first. */
  say(ulaw: Uint8Array): Promise<boolean>;
  press(digit: string): void;
  /** Looks after every frame; true as soon as the condition holds, false when the call ends first. */
  until(condition: () => boolean): Promise<boolean>;
  /** Ends the call; only the first end counts. */
  finish(end: CallEnd): void;
  /** One carrier at a time; the returned function detaches it. */
  attach(carrier: Carrier): Cancel;
  tell(happening: PhoneHappening): void;
}

export interface HandsetOptions {
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly maxCallMs?: number | undefined;
}

/** A handset whose call has just been answered. */
export function createHandset({ clock, timeline, maxCallMs = DEFAULT_MAX_CALL_MS }: HandsetOptions): Handset {
  const answeredMs = clock.nowMs();
  const playback = createPlayback(clock, maxCallMs);
  const mouth = createMouth();
  const decode = g711('ulaw').decode;
  const waiting = new Set<{ readonly condition: () => boolean; readonly settle: (met: boolean) => void }>();
  let settleEnd: (end: CallEnd) => void = () => undefined;
  const whenEnded = new Promise<CallEnd>((settle) => {
    settleEnd = settle;
  });
  let carrier: Carrier | undefined;
  let end: CallEnd | undefined;
  let agentSpeaking = false;
  let soundEndedMs = 0;
  /** How far the schedule has come; frame n lies at n × 20 ms whenever its turn really comes. */
  let playedMs = 0;
  let cancelTick: Cancel;

  let endedMs: number | undefined;

  const elapsedMs = (): number => (endedMs ?? clock.nowMs()) - answeredMs;
  const tell = (happening: PhoneHappening, atMs = elapsedMs()): void => timeline.tell(happening, atMs);

  const listen = (fromMs: number): void => {
    const toMs = fromMs + FRAME_MS;
    if (rmsDbov(decode(playback.heard(fromMs, toMs))) >= SOUND_DBOV) {
      soundEndedMs = toMs;
      if (!agentSpeaking) tell({ type: 'agentStarted' }, fromMs);
      agentSpeaking = true;
    } else if (agentSpeaking && toMs - soundEndedMs >= PAUSE_MS) {
      agentSpeaking = false;
      tell({ type: 'agentStopped', soundEndedMs });
    }
  };

  const lookAround = (): void => {
    for (const waiter of waiting) {
      if (!waiter.condition()) continue;
      waiting.delete(waiter);
      waiter.settle(true);
    }
  };

  const tick = (): void => {
    while (end === undefined && answeredMs + playedMs + FRAME_MS <= clock.nowMs()) {
      listen(playedMs);
      // Whatever is said while nothing carries the call is lost, as it is for a real caller.
      const said = mouth.take();
      carrier?.frame(said);
      playedMs += FRAME_MS;
      lookAround();
      if (playedMs >= maxCallMs) finish({ how: 'timeLimit' });
    }
    if (end === undefined) cancelTick = clock.after(answeredMs + playedMs + FRAME_MS - clock.nowMs(), tick);
  };

  const finish = (how: CallEnd): void => {
    if (end !== undefined) return;
    end = how;
    endedMs = clock.nowMs();
    cancelTick();
    carrier?.ended();
    carrier = undefined;
    playback.clear();
    if (agentSpeaking) tell({ type: 'agentStopped', soundEndedMs });
    agentSpeaking = false;
    mouth.shut();
    for (const waiter of waiting) waiter.settle(false);
    waiting.clear();
    tell({ type: 'ended', end });
    settleEnd(end);
  };

  cancelTick = clock.after(FRAME_MS, tick);
  tell({ type: 'answered' });

  return {
    playback,
    whenEnded,
    get end() {
      return end;
    },
    get audible() {
      return agentSpeaking && soundEndedMs === playedMs;
    },
    quietMs: () => playedMs - soundEndedMs,
    elapsedMs,
    say: (ulaw) => (end === undefined ? mouth.say(ulaw) : Promise.resolve(false)),
    press(digit) {
      if (end !== undefined) return;
      tell({ type: 'pressed', digit });
      carrier?.digit(digit);
    },
    until(condition) {
      if (end !== undefined) return Promise.resolve(false);
      if (condition()) return Promise.resolve(true);
      return new Promise((settle) => waiting.add({ condition, settle }));
    },
    finish,
    attach(next) {
      carrier = next;
      return () => {
        if (carrier === next) carrier = undefined;
      };
    },
    tell,
  };
}

interface Utterance {
  readonly ulaw: Uint8Array;
  said: number;
  readonly settle: (whole: boolean) => void;
}

/** What the caller has yet to say, cut into frames. Its bound is the script, which waits for each sound or names it. */
function createMouth() {
  const frame = new Uint8Array(FRAME_BYTES);
  const utterances: Utterance[] = [];
  return {
    say: (ulaw: Uint8Array): Promise<boolean> => new Promise((settle) => utterances.push({ ulaw, said: 0, settle })),
    take(): Uint8Array {
      frame.fill(ULAW_SILENCE);
      for (let filled = 0; filled < FRAME_BYTES; ) {
        const utterance = utterances[0];
        if (utterance === undefined) break;
        const piece = utterance.ulaw.subarray(utterance.said, utterance.said + FRAME_BYTES - filled);
        frame.set(piece, filled);
        filled += piece.length;
        utterance.said += piece.length;
        if (utterance.said < utterance.ulaw.length) continue;
        utterances.shift();
        utterance.settle(true);
      }
      return frame;
    },
    shut(): void {
      for (const utterance of utterances.splice(0)) utterance.settle(false);
    },
  };
}
