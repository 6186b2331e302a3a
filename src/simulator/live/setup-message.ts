// The first message of a client, `setup`: https://ai.google.dev/api/live#BidiGenerateContentSetup, and the fields beyond the public .proto that the service takes.
import { z } from 'zod';
import { wireEnum, wireInt64, wireObject, wireStruct } from './wire-object.ts';

const blob = wireObject({ mimeType: z.string(), data: z.string(), displayName: z.string().optional() });

export const content = wireObject({
  role: z.string().optional(),
  parts: z
    .array(
      wireObject({
        text: z.string().optional(),
        thought: z.boolean().optional(),
        inlineData: blob.optional(),
        functionCall: wireStruct.optional(),
        functionResponse: wireStruct.optional(),
      }),
    )
    .optional(),
});
export type Content = z.infer<typeof content>;

/** An OpenAPI-like schema: stricter than JSON Schema, which goes into `parametersJsonSchema`. */
const schema: z.ZodType<unknown> = z.lazy(() =>
  wireObject({
    type: z.enum(['TYPE_UNSPECIFIED', 'STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL']).optional(),
    format: z.string().optional(),
    title: z.string().optional(),
    description: z.string().optional(),
    nullable: z.boolean().optional(),
    enum: z.array(z.string()).optional(),
    items: schema.optional(),
    minItems: wireInt64.optional(),
    maxItems: wireInt64.optional(),
    properties: z.record(z.string(), schema).optional(),
    required: z.array(z.string()).optional(),
    propertyOrdering: z.array(z.string()).optional(),
    minProperties: wireInt64.optional(),
    maxProperties: wireInt64.optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minLength: wireInt64.optional(),
    maxLength: wireInt64.optional(),
    pattern: z.string().optional(),
    example: z.unknown().optional(),
    default: z.unknown().optional(),
    anyOf: z.array(schema).optional(),
  }),
);

const functionDeclaration = wireObject({
  name: z.string(),
  description: z.string().optional(),
  behavior: wireEnum('UNSPECIFIED', ['BLOCKING', 'NON_BLOCKING']),
  parameters: schema.optional(),
  parametersJsonSchema: z.unknown().optional(),
  response: schema.optional(),
  responseJsonSchema: z.unknown().optional(),
});

export const tool = wireObject({
  functionDeclarations: z.array(functionDeclaration).optional(),
  googleSearch: wireObject({}).optional(),
  codeExecution: wireObject({}).optional(),
  urlContext: wireObject({}).optional(),
  googleMaps: wireObject({}).optional(),
});
export type Tool = z.infer<typeof tool>;

/** Known to the service, and refused by name in Live. */
export const REFUSED_IN_LIVE = [
  'responseLogprobs',
  'responseMimeType',
  'logprobs',
  'responseSchema',
  'responseJsonSchema',
  'stopSequences',
  'routingConfig',
  'audioTimestamp',
] as const;
const refusedInLive = Object.fromEntries(REFUSED_IN_LIVE.map((name) => [name, z.unknown().optional()])) as Record<
  (typeof REFUSED_IN_LIVE)[number],
  z.ZodOptional<z.ZodUnknown>
>;

const generationConfig = wireObject({
  responseModalities: z.array(z.enum(['MODALITY_UNSPECIFIED', 'TEXT', 'IMAGE', 'AUDIO', 'VIDEO'])).optional(),
  speechConfig: wireObject({
    voiceConfig: wireObject({
      prebuiltVoiceConfig: wireObject({ voiceName: z.string().optional() }).optional(),
    }).optional(),
    languageCode: z.string().optional(),
  }).optional(),
  temperature: z.number().optional(),
  topP: z.number().optional(),
  topK: z.number().optional(),
  maxOutputTokens: z.int().optional(),
  candidateCount: z.int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  seed: z.int().optional(),
  mediaResolution: wireEnum('MEDIA_RESOLUTION_UNSPECIFIED', [
    'MEDIA_RESOLUTION_LOW',
    'MEDIA_RESOLUTION_MEDIUM',
    'MEDIA_RESOLUTION_HIGH',
  ]),
  thinkingConfig: wireObject({
    thinkingLevel: wireEnum('THINKING_LEVEL_UNSPECIFIED', ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH']),
    thinkingBudget: z.int().optional(),
    includeThoughts: z.boolean().optional(),
  }).optional(),
  enableAffectiveDialog: z.boolean().optional(),
  translationConfig: wireStruct.optional(),
  ...refusedInLive,
});

const transcription = wireObject({
  languageCodes: z.array(z.string()).optional(),
  customVocabulary: z.array(z.string()).optional(),
  mode: wireEnum('MODE_UNSPECIFIED', ['VERBATIM', 'SMART']),
  wordTimestamp: z.boolean().optional(),
  diarization: z.boolean().optional(),
});

const sensitivity = (edge: 'START' | 'END') =>
  wireEnum(`${edge}_SENSITIVITY_UNSPECIFIED`, [`${edge}_SENSITIVITY_HIGH`, `${edge}_SENSITIVITY_LOW`]);

const realtimeInputConfig = wireObject({
  automaticActivityDetection: wireObject({
    disabled: z.boolean().optional(),
    startOfSpeechSensitivity: sensitivity('START'),
    endOfSpeechSensitivity: sensitivity('END'),
    prefixPaddingMs: z.int().min(0).optional(),
    silenceDurationMs: z.int().min(0).optional(),
  }).optional(),
  activityHandling: wireEnum('ACTIVITY_HANDLING_UNSPECIFIED', ['START_OF_ACTIVITY_INTERRUPTS', 'NO_INTERRUPTION']),
  turnCoverage: wireEnum('TURN_COVERAGE_UNSPECIFIED', [
    'TURN_INCLUDES_ONLY_ACTIVITY',
    'TURN_INCLUDES_ALL_INPUT',
    'TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO',
  ]),
});

export const setupMessage = wireObject({
  model: z.string().optional(),
  generationConfig: generationConfig.optional(),
  systemInstruction: content.optional(),
  tools: z.array(tool).optional(),
  realtimeInputConfig: realtimeInputConfig.optional(),
  sessionResumption: wireObject({ handle: z.string().optional(), transparent: z.boolean().optional() }).optional(),
  contextWindowCompression: wireObject({
    triggerTokens: wireInt64.optional(),
    slidingWindow: wireObject({ targetTokens: wireInt64.optional() }).optional(),
  }).optional(),
  inputAudioTranscription: transcription.optional(),
  outputAudioTranscription: transcription.optional(),
  proactivity: wireObject({ proactiveAudio: z.boolean().optional() }).optional(),
  historyConfig: wireObject({ initialHistoryInClientContent: z.boolean().optional() }).optional(),
  explicitVadSignal: z.boolean().optional(),
  safetySettings: z.array(wireStruct).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  avatarConfig: wireStruct.optional(),
});
export type Setup = z.infer<typeof setupMessage>;
