/** How a turn of the model leaves the service: a pure plan of what is sent when, counted from its first message. */
import { type Pcm, pcm } from '../../audio/index.ts';
import type { FallbackTurn } from './scenario.ts';
import { nearlySilent, soundOf, toneInstead } from './sound.ts';
import { CHUNKS_MS, DELIVERY_SPEED, FIRST_CHUNK_MS, GENERATION_COMPLETE_MS } from './timings.ts';

export type Step = { readonly atMs: number } & (
  | {
      readonly kind: 'speech';
      readonly sound: Pcm<24000> | undefined;
      readonly text: string | undefined;
    }
  /** An empty message, of which the service sends many. */
  | { readonly kind: 'noise' }
  | { readonly kind: 'calls' }
  | { readonly kind: 'grounding' }
  | { readonly kind: 'generated' }
  /** The end of playback, as the service estimates it. */
  | { readonly kind: 'over' }
);

export interface AnswerStyle {
  /** Sound and transcript in one message, as 3.x models send them, or each in its own. */
  readonly bundled: boolean;
  /** Whether empty messages come between. */
  readonly noise: boolean;
}

const RATE_PER_MS = 24;
/** Fragments of a transcript have 2 to 7 words. */
const WORDS_PER_FRAGMENT = 4;

/** `waits`: whether the turn calls a function that the model waits for, and so stays open. */
export function planAnswer(turn: FallbackTurn, style: AnswerStyle, waits: boolean): readonly Step[] {
  const { fault } = turn;
  if (fault?.kind === 'emptyTurn') return [{ kind: 'over', atMs: 0 }];
  const sound = spoiled(soundOf(turn), fault);
  const speech = planSpeech(turn, sound, style);
  if (fault?.kind === 'breaksOff') return speech.filter(({ atMs }) => atMs < fault.afterMs);
  const steps: Step[] = [...speech];
  const generatedMs = speech.length === 0 ? 0 : lastOf(speech).atMs + GENERATION_COMPLETE_MS;
  if (turn.grounding !== undefined) steps.push({ kind: 'grounding', atMs: generatedMs });
  if (turn.calls !== undefined) steps.push({ kind: 'calls', atMs: generatedMs });
  if (waits) return steps;
  steps.push({ kind: 'generated', atMs: generatedMs });
  steps.push({ kind: 'over', atMs: Math.max(generatedMs, sound.length / RATE_PER_MS) });
  return steps;
}

function spoiled(sound: Pcm<24000>, fault: FallbackTurn['fault']): Pcm<24000> {
  if (fault?.kind === 'nearSilentAudio') return nearlySilent(sound);
  return fault?.kind === 'steadyTone' ? toneInstead(sound) : sound;
}

/** A turn that says and calls nothing: the model, which may stay silent, does; not even `turnComplete` comes. */
export const staysSilent = (turn: FallbackTurn): boolean =>
  turn.says === undefined && turn.sound === undefined && turn.calls === undefined && turn.fault?.kind !== 'emptyTurn';

function planSpeech(turn: FallbackTurn, sound: Pcm<24000>, style: AnswerStyle): readonly Step[] {
  const chunks = cut(sound, turn.chunkMs);
  const fragments = fragmentsOf(turn.says ?? '');
  const speed = turn.delivery === 'burst' ? Number.POSITIVE_INFINITY : (turn.delivery?.speed ?? DELIVERY_SPEED);
  const steps: Step[] = [];
  let said = 0;
  let startMs = 0;
  chunks.forEach((chunk, index) => {
    const atMs = startMs / speed;
    // The transcript keeps ahead of the sound, and is complete with its last chunk.
    const due = Math.ceil(((index + 1) * fragments.length) / chunks.length);
    const text = said < due ? fragments.slice(said, due).join('') : undefined;
    said = due;
    if (style.bundled) steps.push({ kind: 'speech', atMs, sound: chunk, text });
    else {
      steps.push({ kind: 'speech', atMs, sound: chunk, text: undefined });
      if (text !== undefined) steps.push({ kind: 'speech', atMs, sound: undefined, text });
    }
    if (style.noise) steps.push({ kind: 'noise', atMs });
    startMs += chunk.length / RATE_PER_MS;
  });
  return steps;
}

function cut(sound: Pcm<24000>, chunkMs: number | undefined): readonly Pcm<24000>[] {
  const chunks: Pcm<24000>[] = [];
  let at = 0;
  while (at < sound.length) {
    const varying = chunks.length === 0 ? FIRST_CHUNK_MS : CHUNKS_MS[(chunks.length - 1) % CHUNKS_MS.length]!;
    const end = at + (chunkMs ?? varying) * RATE_PER_MS;
    chunks.push(pcm(sound.subarray(at, end), 24_000));
    at = end;
  }
  return chunks;
}

/** Put together, the fragments are the text again. */
function fragmentsOf(text: string): readonly string[] {
  const words = text.match(/\s*\S+\s*/gu) ?? [];
  const fragments: string[] = [];
  for (let at = 0; at < words.length; at += WORDS_PER_FRAGMENT) {
    fragments.push(words.slice(at, at + WORDS_PER_FRAGMENT).join(''));
  }
  return fragments;
}

const lastOf = (steps: readonly Step[]): Step => steps[steps.length - 1]!;
