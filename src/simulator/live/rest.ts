// The plain requests of the Gemini API that callers of Live make beside it: models.list, models.get (ai.google.dev/api/models), generateContent (ai.google.dev/api/generate-content).
import { z } from 'zod';
import { type Backend, MODELS } from './models.ts';

export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
}

const MODELS_PATH = /^\/(?:v1|v1alpha|v1beta)\/models(?:\/([^/:]+))?$/u;
const GENERATE_PATH = /^\/(?:v1|v1alpha|v1beta|v1beta1)\/(?:.+\/)?models\/([^/:]+):generateContent$/u;
/** A text model, for what is done with a finished transcript. */
const TEXT_MODEL = 'gemini-3.8-flash';

const generateRequest = z.looseObject({
  contents: z
    .array(z.looseObject({ parts: z.array(z.looseObject({ text: z.string().optional() })).optional() }))
    .min(1),
  generationConfig: z
    .looseObject({
      responseMimeType: z.string().optional(),
      responseSchema: z.unknown().optional(),
      responseJsonSchema: z.unknown().optional(),
    })
    .optional(),
});

/** undefined: no path of ours. */
export function answerRest(method: string, path: string, authorised: boolean, body: string): RestAnswer | undefined {
  const generate = method === 'POST' ? GENERATE_PATH.exec(path) : null;
  const models = method === 'GET' ? MODELS_PATH.exec(path) : null;
  if (generate === null && models === null) return undefined;
  if (!authorised) return failed(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.');
  if (generate !== null) return generateContent(generate[1]!, body);
  const listed = modelList();
  const name = models?.[1];
  if (name === undefined) return { status: 200, body: { models: listed } };
  const found = listed.find((model) => model.name === `models/${name}`);
  return found === undefined ? failed(404, 'NOT_FOUND', `models/${name} is not found`) : { status: 200, body: found };
}

function modelList() {
  const onDeveloper = MODELS.filter(({ backends }) => backends.includes('developer' satisfies Backend));
  return [
    ...onDeveloper.map(({ name }) => listing(name, ['bidiGenerateContent'])),
    listing(TEXT_MODEL, ['generateContent', 'countTokens']),
  ];
}

const listing = (name: string, supportedGenerationMethods: readonly string[]) => ({
  name: `models/${name}`,
  displayName: name,
  inputTokenLimit: 131_072,
  outputTokenLimit: 65_536,
  supportedGenerationMethods,
});

function generateContent(model: string, body: string): RestAnswer {
  const request = generateRequest.safeParse(parseJson(body));
  if (!request.success) return failed(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.');
  const { responseMimeType, responseSchema, responseJsonSchema } = request.data.generationConfig ?? {};
  const wantsJson = responseMimeType === 'application/json';
  const text = wantsJson
    ? JSON.stringify(example(responseJsonSchema ?? responseSchema))
    : 'This is a simulated answer.';
  const promptTokenCount = Math.ceil(JSON.stringify(request.data.contents).length / 4);
  const candidatesTokenCount = Math.ceil(text.length / 4);
  return {
    status: 200,
    body: {
      candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: {
        promptTokenCount,
        candidatesTokenCount,
        totalTokenCount: promptTokenCount + candidatesTokenCount,
      },
      modelVersion: model,
    },
  };
}

/** The least value that a schema allows, in either of its two dialects. */
function example(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return {};
  const { type, properties, items, enum: values } = schema as Record<string, unknown>;
  if (Array.isArray(values)) return values[0];
  switch (String(type).toLowerCase()) {
    case 'string':
      return 'simulated';
    case 'number':
    case 'integer':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return items === undefined ? [] : [example(items)];
    default:
      return Object.fromEntries(Object.entries(properties ?? {}).map(([name, field]) => [name, example(field)]));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const failed = (status: number, code: string, message: string): RestAnswer => ({
  status,
  body: { error: { code: status, message, status: code } },
});
