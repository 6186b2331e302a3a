/** One message of the Live service becomes events in our words, in the order in which they are to be acted upon. */
import { describeIssues, Failure } from '../lib/index.ts';
import { byModality } from './by-modality.ts';
import { groundingOf, type LiveGrounding } from './grounding.ts';
import type { LiveUsage, ToolCall } from './handlers.ts';
import { type ServerMessage, serverMessage, unknownKeys, type WireUsage } from './wire.ts';

export type LiveEvent =
  | { readonly type: 'voiceActivity'; readonly edge: 'started' | 'ended' }
  | { readonly type: 'transcribed'; readonly speaker: 'caller' | 'agent'; readonly text: string }
  /** PCM, s16le, 24 kHz, mono; a sample may be cut in two between messages. */
  | { readonly type: 'audio'; readonly bytes: Uint8Array }
  | { readonly type: 'grounded'; readonly grounding: LiveGrounding }
  | { readonly type: 'toolsCalled'; readonly calls: readonly ToolCall[] }
  | { readonly type: 'toolsCancelled'; readonly ids: readonly string[] }
  | { readonly type: 'generationCompleted' }
  | { readonly type: 'bargedIn' }
  | { readonly type: 'turnCompleted'; readonly reason: string | undefined; readonly idle: boolean }
  | { readonly type: 'used'; readonly usage: LiveUsage }
  | { readonly type: 'handleOffered'; readonly handle: string; readonly resumable: boolean }
  | { readonly type: 'leaving'; readonly timeLeftMs: number };

export interface Decoded {
  readonly setupComplete: boolean;
  readonly events: readonly LiveEvent[];
  /** Keys that this version does not know. */
  readonly unknownKeys: readonly string[];
}

/** The rate of all Live models' speech: https://ai.google.dev/gemini-api/docs/live-api/capabilities. */
const SPEECH_TYPE = /^audio\/pcm(;\s*rate=24000)?$/;

/** A type with all its parameters; the rest says nothing. */
const MAX_TYPE_CHARACTERS = 60;

/**
 * A chunk of the agent's voice and nothing else, as the service writes it with or without white space, up to its data and behind
 * it: up to 25 times a second and call, so it is not parsed. Anything else is read as the JSON that it is.
 */
const VOICE_HEAD =
  /^\{\s*"serverContent":\s*\{\s*"modelTurn":\s*\{\s*(?:"role":\s*"model",\s*)?"parts":\s*\[\s*\{\s*"inlineData":\s*\{\s*"mimeType":\s*"audio\/pcm;\s*rate=24000",\s*"data":\s*"/;
const VOICE_TAIL = /^"\s*\}\s*\}\s*\]\s*\}\s*\}\s*\}\s*$/;

/** Throws Failure LIVE_BAD_MESSAGE: no JSON object, or a field that we know with a value that it cannot have. */
export function decode(text: string): Decoded {
  const voice = voiceIn(text);
  if (voice !== undefined) return { setupComplete: false, events: [voice], unknownKeys: [] };
  const raw = parseObject(text);
  const parsed = serverMessage.safeParse(raw);
  if (!parsed.success) {
    throw new Failure(
      'LIVE_BAD_MESSAGE',
      `The Live service sent a wrong field at ${describeIssues(parsed.error.issues)}`,
    );
  }
  return {
    setupComplete: parsed.data.setupComplete !== undefined,
    events: [...eventsOf(parsed.data)],
    unknownKeys: unknownKeys(raw),
  };
}

function voiceIn(text: string): LiveEvent | undefined {
  const from = VOICE_HEAD.exec(text)?.[0].length;
  if (from === undefined) return undefined;
  const to = text.indexOf('"', from);
  // Empty data is no sound; a backslash is an escape, which only the parser reads.
  if (to <= from || !VOICE_TAIL.test(text.slice(to))) return undefined;
  const data = text.slice(from, to);
  return data.includes('\\') ? undefined : { type: 'audio', bytes: Buffer.from(data, 'base64') };
}

function parseObject(text: string): object {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    // The parser's own error would quote the message, which may hold speech.
    throw new Failure('LIVE_BAD_MESSAGE', 'The Live service sent something that is not JSON');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new Failure('LIVE_BAD_MESSAGE', 'The Live service sent JSON that is not an object');
  }
  return raw;
}

/**
 * The order inside one message, which may hold everything at once:
 * what the caller did, then what the agent said to it (its words first: they belong to the sound that begins here), then
 * what it asks of tools, then the ends of the turn. So sound beside a tool call is delivered, and sound beside an
 * interruption is part of the turn that is cut. A new handle comes before the order to leave, which may use it.
 */
function* eventsOf(message: ServerMessage): Generator<LiveEvent> {
  const content = message.serverContent;
  const activity = message.voiceActivity?.type ?? message.voiceActivity?.voiceActivityType;
  if (activity === 'ACTIVITY_START') yield { type: 'voiceActivity', edge: 'started' };
  if (activity === 'ACTIVITY_END') yield { type: 'voiceActivity', edge: 'ended' };
  if (content?.inputTranscription?.text) {
    yield { type: 'transcribed', speaker: 'caller', text: content.inputTranscription.text };
  }
  if (content?.outputTranscription?.text) {
    yield { type: 'transcribed', speaker: 'agent', text: content.outputTranscription.text };
  }
  for (const { inlineData } of content?.modelTurn?.parts ?? []) {
    if (inlineData?.data && isSpeech(inlineData.mimeType)) {
      yield { type: 'audio', bytes: Buffer.from(inlineData.data, 'base64') };
    }
  }
  if (content?.groundingMetadata) yield { type: 'grounded', grounding: groundingOf(content.groundingMetadata) };
  if (message.toolCall?.functionCalls.length) yield { type: 'toolsCalled', calls: message.toolCall.functionCalls };
  if (message.toolCallCancellation?.ids.length) yield { type: 'toolsCancelled', ids: message.toolCallCancellation.ids };
  if (content?.generationComplete) yield { type: 'generationCompleted' };
  if (content?.interrupted) yield { type: 'bargedIn' };
  if (content?.turnComplete) {
    const status = content.interactionStatus ?? message.interactionStatus;
    yield { type: 'turnCompleted', reason: content.turnCompleteReason, idle: status !== 'IN_PROGRESS' };
  }
  if (message.usageMetadata) yield { type: 'used', usage: usageOf(message.usageMetadata) };
  if (message.sessionResumptionUpdate) {
    const { newHandle, resumable } = message.sessionResumptionUpdate;
    yield { type: 'handleOffered', handle: newHandle, resumable };
  }
  if (message.goAway) yield { type: 'leaving', timeLeftMs: message.goAway.timeLeft };
}

/** Pictures are not for a phone. Sound that we would play at a wrong speed is worse than none. */
function isSpeech(mimeType: string): boolean {
  if (SPEECH_TYPE.test(mimeType)) return true;
  if (mimeType.startsWith('audio/')) {
    throw new Failure(
      'LIVE_BAD_MESSAGE',
      `The Live service sent sound as ${mimeType.slice(0, MAX_TYPE_CHARACTERS)} instead of audio/pcm at 24 kHz`,
    );
  }
  return false;
}

function usageOf(usage: WireUsage): LiveUsage {
  return {
    promptTokens: usage.promptTokenCount,
    responseTokens: usage.responseTokenCount,
    thoughtsTokens: usage.thoughtsTokenCount,
    toolUseTokens: usage.toolUsePromptTokenCount,
    cachedTokens: usage.cachedContentTokenCount,
    totalTokens: usage.totalTokenCount,
    promptByModality: byModality(usage.promptTokensDetails),
    responseByModality: byModality(usage.responseTokensDetails),
  };
}
