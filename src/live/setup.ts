/** The first message of every Live socket: exactly the fields that the model and the backend take, because an unknown one ends the session. */
import type { LiveBackend, LiveSettings, TurnTaking } from './settings.ts';
import type { SetupMessage } from './wire.ts';

/** How the new socket goes on from what was: with a handle, or with a history that is sent after the setup. */
export interface Resume {
  readonly handle?: string | undefined;
  readonly seeded?: boolean | undefined;
}

type Setup = SetupMessage['setup'];

const COVERAGE = {
  activity: 'TURN_INCLUDES_ONLY_ACTIVITY',
  allInput: 'TURN_INCLUDES_ALL_INPUT',
  activityAndVideo: 'TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO',
} as const satisfies Record<TurnTaking['coverage'], string>;

export function setupMessage(settings: LiveSettings, backend: LiveBackend, resume: Resume): SetupMessage {
  const { instruction, features, transcription, compression, proactiveAudio } = settings;
  const tools = toolsOf(settings);
  return {
    setup: {
      model: modelPath(settings.model, backend),
      generationConfig: generationConfig(settings),
      ...(instruction !== '' && { systemInstruction: { parts: [{ text: instruction }] } }),
      ...(tools.length > 0 && { tools }),
      realtimeInputConfig: realtimeInput(settings.turnTaking),
      // Empty asks for handles.
      sessionResumption: resume.handle === undefined ? {} : { handle: resume.handle },
      ...(compression && { contextWindowCompression: slidingWindow(compression) }),
      ...(transcription.caller && {
        inputAudioTranscription: {
          ...(transcription.languages.length > 0 && { languageCodes: transcription.languages }),
          ...(transcription.vocabulary.length > 0 && { customVocabulary: transcription.vocabulary }),
        },
      }),
      ...(transcription.agent && { outputAudioTranscription: {} }),
      ...(features.proactiveAudio && proactiveAudio !== undefined && { proactivity: { proactiveAudio } }),
      ...(announcesHistory(backend, resume) && { historyConfig: { initialHistoryInClientContent: true } }),
    },
  };
}

/** Vertex takes a history only when the setup announces it; the Developer API takes it at any time. */
export function announcesHistory(backend: LiveBackend, resume: Resume): boolean {
  return backend.kind === 'vertex' && resume.seeded === true;
}

function modelPath(model: string, backend: LiveBackend): string {
  return backend.kind === 'developer'
    ? `models/${model}`
    : `projects/${backend.project}/locations/${backend.location}/publishers/google/models/${model}`;
}

function generationConfig({ voice, language, sampling, features, thinking, affectiveDialog }: LiveSettings) {
  const thinkingConfig = {
    ...(features.thinking === 'level' && thinking?.level && { thinkingLevel: thinking.level.toUpperCase() }),
    ...(features.thinking === 'budget' &&
      thinking?.budgetTokens !== undefined && { thinkingBudget: thinking.budgetTokens }),
  };
  return {
    responseModalities: ['AUDIO'],
    speechConfig: {
      voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } },
      ...(language !== undefined && { languageCode: language }),
    },
    ...samplingOf(sampling),
    ...(Object.keys(thinkingConfig).length > 0 && { thinkingConfig }),
    ...(features.affectiveDialog && affectiveDialog !== undefined && { enableAffectiveDialog: affectiveDialog }),
  } satisfies Setup['generationConfig'];
}

/** Named one by one, so that nothing else of a configuration can slip in. */
function samplingOf(sampling: LiveSettings['sampling']) {
  const { temperature, topP, topK, maxOutputTokens, seed, presencePenalty, frequencyPenalty } = sampling;
  return defined({ temperature, topP, topK, maxOutputTokens, seed, presencePenalty, frequencyPenalty });
}

function toolsOf({ features, functions = [], googleSearch, codeExecution }: LiveSettings): Record<string, unknown>[] {
  const tools: Record<string, unknown>[] = [];
  if (features.functionCalling && functions.length > 0) {
    const functionDeclarations = functions.map(({ name, description, parameters, behavior }) =>
      defined({ name, description, parametersJsonSchema: parameters, behavior }),
    );
    tools.push({ functionDeclarations });
  }
  if (features.googleSearch && googleSearch) tools.push({ googleSearch: {} });
  if (features.codeExecution && codeExecution) tools.push({ codeExecution: {} });
  return tools;
}

/** Coverage and handling are always said, because their defaults differ between models and between Google's own pages. */
function realtimeInput(turnTaking: TurnTaking): Setup['realtimeInputConfig'] {
  return {
    automaticActivityDetection:
      turnTaking.detection === 'local'
        ? { disabled: true }
        : {
            disabled: false,
            startOfSpeechSensitivity:
              turnTaking.startSensitivity === 'high' ? 'START_SENSITIVITY_HIGH' : 'START_SENSITIVITY_LOW',
            endOfSpeechSensitivity:
              turnTaking.endSensitivity === 'high' ? 'END_SENSITIVITY_HIGH' : 'END_SENSITIVITY_LOW',
            prefixPaddingMs: turnTaking.prefixPaddingMs,
            silenceDurationMs: turnTaking.silenceMs,
          },
    activityHandling: turnTaking.bargeIn ? 'START_OF_ACTIVITY_INTERRUPTS' : 'NO_INTERRUPTION',
    turnCoverage: COVERAGE[turnTaking.coverage],
  };
}

/** The window is always named: compression without one is refused. */
function slidingWindow({ triggerTokens, targetTokens }: NonNullable<LiveSettings['compression']>) {
  return {
    ...(triggerTokens !== undefined && { triggerTokens: String(triggerTokens) }),
    slidingWindow: targetTokens === undefined ? {} : { targetTokens: String(targetTokens) },
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
