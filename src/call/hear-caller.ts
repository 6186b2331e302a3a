/** What a call does with the caller's sound and keys: to the model, when it is there, and into the transcript. */
import { g711, type Pcm } from '../audio/index.ts';
import type { CallStream } from '../telephony/index.ts';
import type { AgentSide } from './agent-side.ts';
import { AnswerGate, type AnswerGateOptions } from './answer-gate.ts';
import type { CallAgent } from './call-agent.ts';
import type { CallDeps } from './call-deps.ts';
import { CallerGuard } from './caller-guard.ts';
import { Keys } from './keys.ts';
import { LocalTurns } from './local-turns.ts';
import type { Place } from './timeline.ts';
import { type CallerAudioFlow, Uplink, type UplinkSummary } from './uplink.ts';

/** Longer than any hold-up that a call survives without anyone's noticing, and well before the caller gives up. */
const MAX_STREAM_SILENCE_MS = 10_000;
/** In a row. */
const MAX_SILENT_STREAMS = 2;

export interface HearCallerOptions {
  readonly stream: CallStream;
  readonly agent: CallAgent;
  readonly deps: CallDeps;
  readonly agentSide: Pick<AgentSide, 'session' | 'heard'> & AnswerGateOptions['agentSide'];
  /** What the call's phase lets become of the caller's sound. */
  readonly flow: () => CallerAudioFlow;
  readonly hangUp: () => void;
  /** The caller's voice began or ended at `atMs`. */
  readonly voice: (atMs: number) => void;
  /** Each piece of their sound, whatever the model hears of it. */
  readonly sound: (samples: Pcm<8000>) => void;
  /** The caller pressed a key. */
  readonly pressed: () => void;
}

export interface CallerSide {
  readonly speaking: boolean;
  /** Whether they speak, or the phone brings the agent back, whatever the model hears of it. */
  readonly voiced: boolean;
  /** Whether it is a person as far as is known, whom the agent may hear. */
  readonly isHeard: boolean;
  /** When the caller's voice was last heard, as far as its end is known; undefined before the first. */
  readonly lastVoiceMs: number | undefined;
  /** The call goes on with another stream, whose time line begins anew. */
  moveTo(stream: CallStream): void;
  audio(payload: Uint8Array, place: Place): void;
  digit(digit: string): void;
  /** What they entered by the keys last; empty before. */
  readonly keys: string;
  /** The call is over, or goes on elsewhere. */
  close(): void;
  /** The session is ready, for the first time or again: it gets what was held for it, if it may hear it. */
  release(): void;
  /** Called a few times a second, while there is a stream. */
  tick(): void;
  /** Nothing has come from the stream for so long that it is none; `again`: nor from the one before, so that a third is no help. */
  readonly gone: 'no' | 'once' | 'again';
  summary(): UplinkSummary;
}

function guardFor({ agent, deps, agentSide }: HearCallerOptions): CallerGuard | undefined {
  const { guard: settings, limits } = agent;
  if (settings === undefined) return undefined;
  return new CallerGuard({ clock: deps.clock, agent: agentSide.heard, settings, maxKeptMs: limits.heldAudioMs });
}

export function hearCaller(options: HearCallerOptions): CallerSide {
  const { stream, agent, deps, agentSide, hangUp, voice, sound, pressed } = options;
  const { clock, collector, metrics } = deps;
  const { detection, silenceMs } = agent.live.turnTaking;
  const { watchdog } = agentSide;
  const sendAudio = (samples: Pcm<16000>): void => agentSide.session?.sendAudio(samples);
  const turns =
    detection === 'local'
      ? new LocalTurns(silenceMs, { sendAudio, sendActivity: (edge) => agentSide.session?.sendActivity(edge) })
      : undefined;
  let lastVoiceMs: number | undefined;
  let silentStreams = 0;
  const uplink = new Uplink({
    clock,
    codec: g711(stream.format.encoding),
    maxHeldMs: agent.limits.heldAudioMs,
    guard: guardFor(options),
    handlers: {
      sound,
      audio: (samples) => (turns === undefined ? sendAudio(samples) : turns.push(samples)),
      voice: (edge, atMs) => {
        lastVoiceMs = atMs;
        voice(atMs);
        collector.callerVoice(edge, atMs);
        if (gate.isOpen) watchdog.callerVoice(edge, atMs);
      },
      dropped: (lengthMs) => {
        if (gate.isOpen) metrics.heldAudioDroppedMs.inc(lengthMs);
      },
      gap: (lengthMs) => metrics.streamGapMs.inc(lengthMs),
    },
  });
  const keys = new Keys({
    clock,
    settings: agent.keys,
    pressed: (key) => collector.digit(key, clock.nowMs()),
    entered: (text) => {
      agentSide.session?.sendText(text, 'caller');
      watchdog.asked();
    },
  });
  const release = (): void => {
    if (flow() !== 'forward') return;
    turns?.restart();
    // What was said before a greeting is answered by it, and must not cut it off.
    if (agentSide.heard.isProtected) uplink.forget();
    else uplink.release();
  };
  const gate = new AnswerGate({ agent, deps, agentSide, hangUp, release, forget: () => uplink.forget() });
  const flow = (): CallerAudioFlow => gate.narrowed(options.flow());
  return {
    get speaking() {
      return uplink.speaking;
    },
    get voiced() {
      return uplink.voiced;
    },
    get isHeard() {
      return gate.isOpen;
    },
    get lastVoiceMs() {
      return lastVoiceMs;
    },
    moveTo: ({ format }) => uplink.moveTo(g711(format.encoding)),
    audio: (payload, place) => {
      silentStreams = 0;
      uplink.push(payload, place, flow());
    },
    digit: (digit) => {
      pressed();
      keys.press(digit);
    },
    get keys() {
      return keys.entered;
    },
    close: () => keys.close(),
    release,
    tick: () => {
      gate.tick();
      uplink.tick(flow());
      if (uplink.quietMs >= MAX_STREAM_SILENCE_MS) silentStreams++;
    },
    get gone() {
      if (uplink.quietMs < MAX_STREAM_SILENCE_MS) return 'no';
      return silentStreams < MAX_SILENT_STREAMS ? 'once' : 'again';
    },
    summary: () => uplink.summary(),
  };
}
