/** What the service takes from a client, and the words with which it refuses the rest. */
import { describe, expect, test } from 'vitest';
import { parseClientMessage } from '../../../src/simulator/live/client-messages.ts';

/** As @google/genai 3.1.0 sent them. */
const CAPTURED = [
  '{"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"],"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}},"languageCode":"en-US"}},"systemInstruction":{"parts":[{"text":"be nice"}],"role":"user"},"tools":[{"functionDeclarations":[{"name":"end_call","description":"x","behavior":"NON_BLOCKING","parametersJsonSchema":{"type":"object","properties":{}}}]},{"googleSearch":{}}],"sessionResumption":{"handle":"h"},"inputAudioTranscription":{},"outputAudioTranscription":{},"realtimeInputConfig":{"automaticActivityDetection":{"disabled":false,"startOfSpeechSensitivity":"START_SENSITIVITY_LOW","silenceDurationMs":500,"prefixPaddingMs":20}},"contextWindowCompression":{"triggerTokens":"25600","slidingWindow":{"targetTokens":"12800"}}}}',
  '{"realtimeInput":{"audio":{"data":"AAAA","mimeType":"audio/pcm;rate=16000"}}}',
  '{"realtimeInput":{"audioStreamEnd":true}}',
  '{"realtimeInput":{"activityStart":{}}}',
  '{"realtimeInput":{"text":"hi"}}',
  '{"clientContent":{"turns":[{"parts":[{"text":"Hello"}],"role":"user"}],"turnComplete":true}}',
  '{"toolResponse":{"functionResponses":[{"id":"x","name":"f","response":{"output":"ok"},"scheduling":"SILENT"}]}}',
  '{"contextUpdate":{"systemInstruction":{"parts":[{"text":"new"}],"role":"user"},"tools":{"tools":[{"functionDeclarations":[{"name":"g"}]}]}}}',
];

const refusal = (message: unknown) => {
  const parsed = parseClientMessage(typeof message === 'string' ? message : JSON.stringify(message));
  return parsed.ok ? 'accepted' : `${parsed.refusal.code} ${parsed.refusal.reason}`;
};

describe('what is accepted', () => {
  test.each(CAPTURED)('a frame of the SDK, as captured: %.60s', (frame) => {
    expect(refusal(frame)).toBe('accepted');
  });

  test('names as in the .proto mean the same as in camelCase', () => {
    const snake = { tool_response: { function_responses: [{ id: 'x', will_continue: true, response: { a_b: 1 } }] } };
    const camel = { toolResponse: { functionResponses: [{ id: 'x', willContinue: true, response: { a_b: 1 } }] } };
    expect(parseClientMessage(JSON.stringify(snake))).toEqual(parseClientMessage(JSON.stringify(camel)));
    expect(parseClientMessage(JSON.stringify(snake))).toEqual({ ok: true, message: camel });
  });

  test('names inside free-form values stay as they are', () => {
    const parametersJsonSchema = { type: 'object', properties: { first_name: { type: 'string' } } };
    const setup = { model: 'm', tools: [{ function_declarations: [{ name: 'f', parametersJsonSchema }] }] };
    const parsed = parseClientMessage(JSON.stringify({ setup }));
    expect(parsed).toMatchObject({
      message: { setup: { tools: [{ functionDeclarations: [{ parametersJsonSchema }] }] } },
    });
  });

  test('int64 travels as a string or as a number, and null is as good as absent', () => {
    const setup = {
      model: 'm',
      temperature: undefined,
      contextWindowCompression: { triggerTokens: 7, slidingWindow: null },
    };
    const parsed = parseClientMessage(JSON.stringify({ setup }));
    expect(parsed).toEqual({
      ok: true,
      message: { setup: { model: 'm', contextWindowCompression: { triggerTokens: 7 } } },
    });
    expect(refusal({ setup: { contextWindowCompression: { triggerTokens: 'many' } } })).toMatch(/^1007 Invalid value/);
  });

  test('an enum may name its zero value', () => {
    const activity = { startOfSpeechSensitivity: 'START_SENSITIVITY_UNSPECIFIED' };
    expect(refusal({ setup: { realtimeInputConfig: { automaticActivityDetection: activity } } })).toBe('accepted');
  });
});

describe('what is refused', () => {
  const unknown = (name: string, place: string) =>
    `1007 Invalid JSON payload received. Unknown name "${name}" at '${place}': Cannot find field.`;

  test.each([
    [{ setup: { model: 'm', x: 1 } }, unknown('x', 'setup')],
    [{ setup: { model: 'm', toolConfig: {} } }, unknown('toolConfig', 'setup')],
    [{ setup: { model: 'm', enableAffectiveDialog: true } }, unknown('enableAffectiveDialog', 'setup')],
    [{ setup: { generation_config: { response_mood: 1 } } }, unknown('response_mood', 'setup.generation_config')],
    [{ realtimeInput: { audio: { data: '', mimeType: 'a', rate: 1 } } }, unknown('rate', 'realtime_input.audio')],
    [
      { toolResponse: { functionResponses: [{ id: 'x' }, { id: 'y', when: 1 }] } },
      unknown('when', 'tool_response.function_responses[1]'),
    ],
  ])('a name that does not exist, with its place: %j', (message, reason) => {
    expect(refusal(message)).toBe(reason);
  });

  test('a name that does not exist at the top has no place', () => {
    expect(refusal({ greet: {} })).toBe('1007 Invalid JSON payload received. Unknown name "greet": Cannot find field.');
  });

  test.each([
    ['MEDIUM sensitivity', { startOfSpeechSensitivity: 'START_SENSITIVITY_MEDIUM' }, 'start_of_speech_sensitivity'],
    ['the other edge', { endOfSpeechSensitivity: 'START_SENSITIVITY_LOW' }, 'end_of_speech_sensitivity'],
    ['a string for a number', { silenceDurationMs: 'long' }, 'silence_duration_ms'],
  ])('%s is an invalid value at its place', (_, detection, field) => {
    const reason = refusal({ setup: { realtimeInputConfig: { automaticActivityDetection: detection } } });
    const place = `setup.realtime_input_config.automatic_activity_detection.${field}'`;
    expect(reason.slice(0, 100)).toBe(`1007 Invalid value at '${place}`.slice(0, 100));
  });

  test('INTERRUPTED is no scheduling, although some pages write it', () => {
    const message = { toolResponse: { functionResponses: [{ id: 'x', scheduling: 'INTERRUPTED' }] } };
    expect(refusal(message)).toMatch(/^1007 Invalid value at 'tool_response.function_responses\[0\].scheduling'/);
  });

  test.each([['hello'], ['[]'], ['42'], ['null'], ['{"setup"']])('%s is no message', (text) => {
    expect(refusal(text)).toMatch(/^1007 Invalid/);
  });

  test.each([[{}], [{ setup: {}, realtimeInput: {} }]])('%j is not exactly one kind of message', (message) => {
    expect(refusal(message)).toBe('1007 Request contains an invalid argument.');
  });

  test('a reason fits into a close frame', () => {
    const reason = refusal({ setup: { ['ä'.repeat(200)]: 1 } }).slice('1007 '.length);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    expect(reason).not.toContain('\uFFFD');
  });
});
