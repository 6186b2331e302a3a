import { describe, expect, test } from 'vitest';
import type { LiveSettings } from '../../../src/live/settings.ts';
import { setupMessage } from '../../../src/live/setup.ts';
import { DEVELOPER, SETTINGS, VERTEX } from './live-bench.ts';

const setupOf = (changes: Partial<LiveSettings> = {}, backend = DEVELOPER, resume = {}) =>
  setupMessage({ ...SETTINGS, ...changes }, backend, resume).setup;

const withFeatures = (features: Partial<LiveSettings['features']>, changes: Partial<LiveSettings> = {}) =>
  setupOf({ ...changes, features: { ...SETTINGS.features, ...features } });

test('a plain agent on gemini-3.8-live asks for exactly this', () => {
  expect(setupMessage(SETTINGS, DEVELOPER, {})).toEqual({
    setup: {
      model: 'models/gemini-3.8-live',
      generationConfig: {
        responseModalities: ['AUDIO'],
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Aoede' } } },
      },
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      realtimeInputConfig: {
        automaticActivityDetection: {
          disabled: false,
          startOfSpeechSensitivity: 'START_SENSITIVITY_HIGH',
          endOfSpeechSensitivity: 'END_SENSITIVITY_LOW',
          prefixPaddingMs: 100,
          silenceDurationMs: 600,
        },
        activityHandling: 'START_OF_ACTIVITY_INTERRUPTS',
        turnCoverage: 'TURN_INCLUDES_ONLY_ACTIVITY',
      },
      sessionResumption: {},
      inputAudioTranscription: {},
      outputAudioTranscription: {},
    },
  });
});

test('an agent that uses everything, on a model that has everything, asks for exactly this', () => {
  const everything: LiveSettings = {
    model: 'gemini-live-2.5-flash-native-audio',
    features: {
      googleSearch: true,
      functionCalling: true,
      codeExecution: true,
      affectiveDialog: true,
      proactiveAudio: true,
      thinking: 'budget',
      realtimeText: false,
    },
    voice: 'Kore',
    language: 'de-DE',
    instruction: 'Sei freundlich.',
    turnTaking: {
      detection: 'model',
      bargeIn: false,
      startSensitivity: 'low',
      endSensitivity: 'high',
      prefixPaddingMs: 20,
      silenceMs: 500,
      coverage: 'activityAndVideo',
    },
    transcription: { caller: true, agent: true, languages: ['de-DE', 'en-US'], vocabulary: ['Callbridge'] },
    compression: { triggerTokens: 25_600, targetTokens: 12_800 },
    sampling: {
      temperature: 0.7,
      topP: 0.95,
      topK: 40,
      maxOutputTokens: 8_192,
      seed: 0,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
    },
    thinking: { level: 'low', budgetTokens: 0 },
    affectiveDialog: true,
    proactiveAudio: false,
    googleSearch: true,
    codeExecution: true,
    functions: [
      {
        name: 'end_call',
        description: 'Hangs up.',
        parameters: { type: 'object', properties: { reason: { type: 'string' } } },
        behavior: 'BLOCKING',
      },
      { name: 'hold', description: 'Puts the caller on hold.' },
    ],
  };
  expect(setupMessage(everything, VERTEX, { handle: 'h1' })).toEqual({
    setup: {
      model: 'projects/acme/locations/us-central1/publishers/google/models/gemini-live-2.5-flash-native-audio',
      generationConfig: {
        responseModalities: ['AUDIO'],
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } }, languageCode: 'de-DE' },
        temperature: 0.7,
        topP: 0.95,
        topK: 40,
        maxOutputTokens: 8_192,
        seed: 0,
        presencePenalty: 0.1,
        frequencyPenalty: 0.2,
        thinkingConfig: { thinkingBudget: 0 },
        enableAffectiveDialog: true,
      },
      systemInstruction: { parts: [{ text: 'Sei freundlich.' }] },
      tools: [
        {
          functionDeclarations: [
            {
              name: 'end_call',
              description: 'Hangs up.',
              parametersJsonSchema: { type: 'object', properties: { reason: { type: 'string' } } },
              behavior: 'BLOCKING',
            },
            { name: 'hold', description: 'Puts the caller on hold.' },
          ],
        },
        { googleSearch: {} },
        { codeExecution: {} },
      ],
      realtimeInputConfig: {
        automaticActivityDetection: {
          disabled: false,
          startOfSpeechSensitivity: 'START_SENSITIVITY_LOW',
          endOfSpeechSensitivity: 'END_SENSITIVITY_HIGH',
          prefixPaddingMs: 20,
          silenceDurationMs: 500,
        },
        activityHandling: 'NO_INTERRUPTION',
        turnCoverage: 'TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO',
      },
      sessionResumption: { handle: 'h1' },
      contextWindowCompression: { triggerTokens: '25600', slidingWindow: { targetTokens: '12800' } },
      inputAudioTranscription: { languageCodes: ['de-DE', 'en-US'], customVocabulary: ['Callbridge'] },
      outputAudioTranscription: {},
      proactivity: { proactiveAudio: false },
    },
  });
});

test('nothing that the model lacks is sent, whatever the agent asks for', () => {
  const lacking = withFeatures(
    {
      googleSearch: false,
      functionCalling: false,
      codeExecution: false,
      affectiveDialog: false,
      proactiveAudio: false,
      thinking: 'none',
    },
    {
      thinking: { level: 'high', budgetTokens: 100 },
      affectiveDialog: true,
      proactiveAudio: true,
      googleSearch: true,
      codeExecution: true,
      functions: [{ name: 'f', description: 'd' }],
    },
  );
  expect(lacking).toEqual(setupOf());
});

describe('field by field', () => {
  test('a model that thinks by level gets the level and no budget', () => {
    const { generationConfig } = withFeatures(
      { thinking: 'level' },
      { thinking: { level: 'medium', budgetTokens: 9 } },
    );
    expect(generationConfig.thinkingConfig).toEqual({ thinkingLevel: 'MEDIUM' });
  });

  test('a model that thinks gets no thinkingConfig unless the agent sets one', () => {
    expect(withFeatures({ thinking: 'level' }).generationConfig).not.toHaveProperty('thinkingConfig');
    expect(withFeatures({ thinking: 'level' }, { thinking: {} }).generationConfig).not.toHaveProperty('thinkingConfig');
  });

  test('our own detection disables the model’s, and sends none of its settings', () => {
    const { realtimeInputConfig } = setupOf({ turnTaking: { ...SETTINGS.turnTaking, detection: 'local' } });
    expect(realtimeInputConfig).toEqual({
      automaticActivityDetection: { disabled: true },
      activityHandling: 'START_OF_ACTIVITY_INTERRUPTS',
      turnCoverage: 'TURN_INCLUDES_ONLY_ACTIVITY',
    });
  });

  test('all input can be covered', () => {
    const { realtimeInputConfig } = setupOf({ turnTaking: { ...SETTINGS.turnTaking, coverage: 'allInput' } });
    expect(realtimeInputConfig.turnCoverage).toBe('TURN_INCLUDES_ALL_INPUT');
  });

  test('compression always names its window', () => {
    expect(setupOf({ compression: {} }).contextWindowCompression).toEqual({ slidingWindow: {} });
    expect(setupOf({ compression: { triggerTokens: 9_000 } }).contextWindowCompression).toEqual({
      triggerTokens: '9000',
      slidingWindow: {},
    });
    expect(setupOf()).not.toHaveProperty('contextWindowCompression');
  });

  test('transcription is asked for by side', () => {
    const none = setupOf({ transcription: { caller: false, agent: false, languages: ['en-US'], vocabulary: [] } });
    expect(none).not.toHaveProperty('inputAudioTranscription');
    expect(none).not.toHaveProperty('outputAudioTranscription');
  });

  test('an agent without instruction sends none', () => {
    expect(setupOf({ instruction: '' })).not.toHaveProperty('systemInstruction');
  });

  test('a history is announced to Vertex only, and only where there is one', () => {
    const announced = { historyConfig: { initialHistoryInClientContent: true } };
    expect(setupOf({}, VERTEX, { seeded: true })).toMatchObject(announced);
    expect(setupOf({}, VERTEX, {})).not.toHaveProperty('historyConfig');
    expect(setupOf({}, DEVELOPER, { seeded: true })).not.toHaveProperty('historyConfig');
  });
});
