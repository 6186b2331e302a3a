/** The Live service's messages as they stand on the wire: https://ai.google.dev/api/live. Only here and in its readers, encode and decode. */
import { z } from 'zod';
import { isShallow } from '../lib/index.ts';

// Protobuf's JSON mapping (https://protobuf.dev/programming-guides/json/): an int64 is a string, a Duration ends in "s".
// A count is an int32, and here never a negative one.
const count = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,10}$/)
      .transform(Number),
  ])
  .pipe(z.int32().nonnegative());
const durationMs = z
  .string()
  .regex(/^-?\d+(\.\d+)?s$/)
  .transform((text) => Math.round(Number(text.slice(0, -1)) * 1_000));
const struct = z.record(z.string(), z.unknown()).refine((value) => isShallow(value), 'is nested too deep');

const part = z.object({
  inlineData: z.object({ mimeType: z.string().default(''), data: z.string() }).optional(),
  text: z.string().optional(),
  /** A part of the model's reasoning, not of its answer. */
  thought: z.boolean().optional(),
});

const transcription = z.object({ text: z.string().default('') });

const modalityTokens = z.array(z.object({ modality: z.string().default('unspecified'), tokenCount: count.default(0) }));

/** Absent counts are zero; one that is no count spoils the whole report. Vertex documents a set of its own, of which only the total is in common. */
const usageMetadata = z.object({
  promptTokenCount: count.default(0),
  responseTokenCount: count.default(0),
  thoughtsTokenCount: count.default(0),
  toolUsePromptTokenCount: count.default(0),
  cachedContentTokenCount: count.default(0),
  totalTokenCount: count.default(0),
  promptTokensDetails: modalityTokens.default([]),
  responseTokensDetails: modalityTokens.default([]),
});

/** `IN_PROGRESS` after a turn means that the model is still at work. */
const interactionStatus = z.string().optional();

const source = z
  .object({ uri: z.string().default(''), title: z.string().default('') })
  .optional()
  .catch(undefined);

/** A part that is not as documented is left out, and costs no other. */
const groundingMetadata = z.object({
  webSearchQueries: z.array(z.string().catch('')).default([]).catch([]),
  groundingChunks: z
    .array(z.object({ web: source, retrievedContext: source, maps: source }).catch({}))
    .default([])
    .catch([]),
});

const serverContent = z.object({
  modelTurn: z.object({ parts: z.array(part).default([]) }).optional(),
  inputTranscription: transcription.optional(),
  outputTranscription: transcription.optional(),
  interimInputTranscription: z.unknown().optional(),
  generationComplete: z.boolean().optional(),
  interrupted: z.boolean().optional(),
  turnComplete: z.boolean().optional(),
  turnCompleteReason: z.string().optional(),
  waitingForInput: z.boolean().optional(),
  interactionStatus,
  // Side information: whatever its shape, it must not end a call.
  groundingMetadata: groundingMetadata.optional().catch(undefined),
  urlContextMetadata: z.unknown().optional(),
  speechState: z.unknown().optional(),
});

const voiceActivityType = z.string().optional();

/** One message holds any number of these; unknown keys are dropped, and `unknownKeys` names them. */
export const serverMessage = z.object({
  setupComplete: z.object({ sessionId: z.string().optional() }).optional(),
  serverContent: serverContent.optional(),
  toolCall: z
    .object({
      functionCalls: z
        .array(z.object({ id: z.string().default(''), name: z.string().min(1), args: struct.default({}) }))
        .default([]),
    })
    .optional(),
  toolCallCancellation: z.object({ ids: z.array(z.string()).default([]) }).optional(),
  goAway: z.object({ timeLeft: durationMs.default(0) }).optional(),
  sessionResumptionUpdate: z
    .object({ newHandle: z.string().default(''), resumable: z.boolean().default(false) })
    .optional(),
  // The Developer API says `type`, Google's SDK types say `voiceActivityType`.
  voiceActivity: z.object({ type: voiceActivityType, voiceActivityType }).optional(),
  voiceActivityDetectionSignal: z.unknown().optional(),
  // Samples of the service read it here, its definition puts it into serverContent.
  interactionStatus,
  usageMetadata: usageMetadata.optional().catch(undefined),
});

export type ServerMessage = z.output<typeof serverMessage>;
export type WireUsage = z.output<typeof usageMetadata>;
export type WireGrounding = z.output<typeof groundingMetadata>;

const MESSAGE_KEYS = new Set(Object.keys(serverMessage.shape));
const CONTENT_KEYS = new Set(Object.keys(serverContent.shape));

/** The keys of a parsed message, and of its serverContent, that we do not know. */
export function unknownKeys(raw: object): string[] {
  const content: unknown = 'serverContent' in raw ? raw.serverContent : undefined;
  return [
    ...Object.keys(raw).filter((key) => !MESSAGE_KEYS.has(key)),
    ...(typeof content === 'object' && content !== null ? Object.keys(content) : []).filter(
      (key) => !CONTENT_KEYS.has(key),
    ),
  ];
}

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: readonly { readonly text: string }[];
}

export interface SetupMessage {
  readonly setup: {
    readonly model: string;
    readonly generationConfig: {
      readonly responseModalities: readonly ['AUDIO'];
      readonly speechConfig: {
        readonly voiceConfig: { readonly prebuiltVoiceConfig: { readonly voiceName: string } };
        readonly languageCode?: string;
      };
      readonly temperature?: number;
      readonly topP?: number;
      readonly topK?: number;
      readonly maxOutputTokens?: number;
      readonly seed?: number;
      readonly presencePenalty?: number;
      readonly frequencyPenalty?: number;
      readonly thinkingConfig?: { readonly thinkingLevel?: string; readonly thinkingBudget?: number };
      readonly enableAffectiveDialog?: boolean;
    };
    readonly systemInstruction?: { readonly parts: readonly { readonly text: string }[] };
    readonly tools?: readonly Readonly<Record<string, unknown>>[];
    readonly realtimeInputConfig: {
      readonly automaticActivityDetection:
        | { readonly disabled: true }
        | {
            readonly disabled: false;
            readonly startOfSpeechSensitivity: 'START_SENSITIVITY_HIGH' | 'START_SENSITIVITY_LOW';
            readonly endOfSpeechSensitivity: 'END_SENSITIVITY_HIGH' | 'END_SENSITIVITY_LOW';
            readonly prefixPaddingMs: number;
            readonly silenceDurationMs: number;
          };
      readonly activityHandling: 'START_OF_ACTIVITY_INTERRUPTS' | 'NO_INTERRUPTION';
      readonly turnCoverage:
        | 'TURN_INCLUDES_ONLY_ACTIVITY'
        | 'TURN_INCLUDES_ALL_INPUT'
        | 'TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO';
    };
    readonly sessionResumption: { readonly handle?: string };
    readonly contextWindowCompression?: {
      readonly triggerTokens?: string;
      readonly slidingWindow: { readonly targetTokens?: string };
    };
    readonly inputAudioTranscription?: {
      readonly languageCodes?: readonly string[];
      readonly customVocabulary?: readonly string[];
    };
    readonly outputAudioTranscription?: Readonly<Record<string, never>>;
    readonly proactivity?: { readonly proactiveAudio: boolean };
    readonly historyConfig?: { readonly initialHistoryInClientContent: true };
  };
}

/** What follows the setup. */
export type ClientMessage =
  | { readonly realtimeInput: { readonly text: string } }
  | { readonly realtimeInput: { readonly activityStart: Readonly<Record<string, never>> } }
  | { readonly realtimeInput: { readonly activityEnd: Readonly<Record<string, never>> } }
  | { readonly clientContent: { readonly turns: readonly Content[]; readonly turnComplete: boolean } }
  | {
      readonly toolResponse: {
        readonly functionResponses: readonly {
          readonly id?: string;
          readonly name: string;
          readonly response: Readonly<Record<string, unknown>>;
          readonly scheduling?: string;
        }[];
      };
    };
