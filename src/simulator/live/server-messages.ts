// What the Live service sends (https://ai.google.dev/api/live#receive-messages), as far as the simulator sends it.
import { base64OfPcm, type Pcm } from '../../audio/index.ts';
import type { FallbackTurn } from './scenario.ts';

export interface ServerContent {
  readonly modelTurn?: { readonly role: 'model'; readonly parts: readonly unknown[] };
  readonly inputTranscription?: { readonly text: string };
  readonly outputTranscription?: { readonly text: string };
  readonly groundingMetadata?: GroundingMetadata;
  readonly generationComplete?: true;
  readonly interrupted?: true;
  readonly turnComplete?: true;
  readonly turnCompleteReason?: string;
  readonly interactionStatus?: 'IDLE' | 'IN_PROGRESS';
}

/** https://ai.google.dev/api/generate-content#GroundingMetadata, as Google Search fills it. */
export interface GroundingMetadata {
  readonly webSearchQueries: readonly string[];
  readonly groundingChunks: readonly { readonly web: { readonly uri: string; readonly title: string } }[];
}

export interface ModalityTokens {
  readonly modality: 'TEXT' | 'AUDIO';
  readonly tokenCount: number;
}

export interface UsageMetadata {
  readonly promptTokenCount: number;
  readonly responseTokenCount: number;
  readonly totalTokenCount: number;
  readonly promptTokensDetails: readonly ModalityTokens[];
  readonly responseTokensDetails: readonly ModalityTokens[];
}

export interface FunctionCall {
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface ServerMessage {
  readonly setupComplete?: { readonly sessionId?: string };
  readonly serverContent?: ServerContent;
  readonly toolCall?: { readonly functionCalls: readonly FunctionCall[] };
  readonly toolCallCancellation?: { readonly ids: readonly string[] };
  readonly goAway?: { readonly timeLeft: string };
  readonly sessionResumptionUpdate?: { readonly newHandle: string; readonly resumable: true };
  readonly voiceActivity?: { readonly type: 'ACTIVITY_START' | 'ACTIVITY_END'; readonly audioOffset: string };
  readonly usageMetadata?: UsageMetadata;
}

/** A piece of the model's turn: sound, its transcript, or both in one message. */
export function spoken(sound: Pcm<24000> | undefined, transcript: string | undefined): ServerMessage {
  return {
    serverContent: {
      ...(sound && { modelTurn: { role: 'model', parts: [audioPart(sound)] } }),
      ...(transcript !== undefined && { outputTranscription: { text: transcript } }),
    },
  };
}

export function grounded({ queries, sources }: NonNullable<FallbackTurn['grounding']>): ServerMessage {
  const groundingChunks = sources.map(({ title, uri }) => ({ web: { uri, title } }));
  return { serverContent: { groundingMetadata: { webSearchQueries: queries, groundingChunks } } };
}

export function voiceActivity(edge: 'started' | 'ended', offsetMs: number): ServerMessage {
  const type = edge === 'started' ? 'ACTIVITY_START' : 'ACTIVITY_END';
  return { voiceActivity: { type, audioOffset: `${(offsetMs / 1_000).toFixed(3)}s` } };
}

/** protobuf's Duration. */
export function goAway(timeLeftMs: number): ServerMessage {
  return { goAway: { timeLeft: `${timeLeftMs / 1_000}s` } };
}

function audioPart(sound: Pcm<24000>): unknown {
  return { inlineData: { mimeType: 'audio/pcm;rate=24000', data: base64OfPcm(sound) } };
}
