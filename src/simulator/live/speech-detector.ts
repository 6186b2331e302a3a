/** The service's automatic activity detection: it counts in sound, not in time, so it needs the silence after speech too. */
import { createFramer, createSpeechGate, SPEECH_ONSET_MS as GATE_ONSET_MS, type Pcm } from '../../audio/index.ts';
import { DEFAULT_SILENCE_MS, END_OF_SPEECH_EXTRA_MS, SPEECH_ONSET_MS } from './timings.ts';

export type SpeechEdge = 'started' | 'ended';

export interface SpeechDetector {
  /** `onEdge` is told how much sound the whole session has had by then. */
  push(samples: Pcm<16000>, onEdge: (edge: SpeechEdge, offsetMs: number) => void): void;
  readonly speaking: boolean;
  /** Begins anew on another socket: what was being said is forgotten, the count of sound goes on. */
  restart(silenceDurationMs: number | undefined): void;
}

const RATE_HZ = 16_000;
const BLOCK_MS = 20;
/** What is left to wait once the gate, which takes a while itself, believes in speech. */
const CONFIRM_MS = SPEECH_ONSET_MS - GATE_ONSET_MS;

export function createSpeechDetector(): SpeechDetector {
  const framer = createFramer(RATE_HZ, BLOCK_MS);
  let gate = gateFor(undefined);
  let offsetMs = 0;
  let speaking = false;
  /** Since when the gate believes in speech that is not reported yet. */
  let suspectedMs: number | undefined;

  const judge = (block: Pcm<16000>): SpeechEdge | undefined => {
    offsetMs += BLOCK_MS;
    const change = gate.push(block);
    if (change === 'started') suspectedMs = offsetMs;
    if (change === 'ended') {
      suspectedMs = undefined;
      if (!speaking) return undefined;
      speaking = false;
      return 'ended';
    }
    if (suspectedMs === undefined || offsetMs - suspectedMs < CONFIRM_MS) return undefined;
    suspectedMs = undefined;
    speaking = true;
    return 'started';
  };

  return {
    push: (samples, onEdge) =>
      framer.push(samples, (block) => {
        const edge = judge(block);
        if (edge !== undefined) onEdge(edge, offsetMs);
      }),
    get speaking() {
      return speaking;
    },
    restart: (silenceDurationMs) => {
      framer.reset();
      gate = gateFor(silenceDurationMs);
      speaking = false;
      suspectedMs = undefined;
    },
  };
}

const gateFor = (silenceDurationMs = DEFAULT_SILENCE_MS) =>
  createSpeechGate(RATE_HZ, { hangoverMs: silenceDurationMs + END_OF_SPEECH_EXTRA_MS });
