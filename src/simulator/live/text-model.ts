// The simulated text model: generateContent (ai.google.dev/api/generate-content), and what can go wrong with it.
import { z } from 'zod';
import { example } from './example.ts';

/** What goes wrong with one request. */
export const textFault = z.enum([
  /** It goes well. */
  'none',
  /** 429: too many requests. */
  'quota',
  /** 503: the model is overloaded. */
  'unavailable',
  /** 400: a field of the request is not taken. */
  'invalid',
  /** No answer, ever. */
  'hangs',
  /** The connection breaks. */
  'cut',
  /** Prose around the JSON. */
  'malformed',
  /** JSON of another shape. */
  'breaksSchema',
  /** Cut off where the tokens end. */
  'maxTokens',
  /** A candidate that stopped for safety, without content. */
  'safety',
  /** The prompt was blocked: no candidate. */
  'blocked',
  /** No candidate, for no reason. */
  'empty',
]);
export type TextFault = z.infer<typeof textFault>;

export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What came in, for who looks. */
export interface TextRequest {
  readonly model: string;
  readonly body: unknown;
}

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

/** As many requests are kept for who looks at them. */
const MAX_REQUESTS = 100;
/** Google's own rule of thumb. */
const CHARACTERS_PER_TOKEN = 4;
/** An answer of nothing but its beginning. */
const CUT_AT_CHARACTERS = 5;

export class TextModel {
  readonly #faults: TextFault[];
  readonly #texts: readonly unknown[];
  readonly #requests: TextRequest[] = [];

  /** The faults of the first requests, in order: the others go well. `texts`: what it answers where the schema allows it. */
  constructor(faults: readonly TextFault[], texts: readonly unknown[]) {
    this.#faults = [...faults];
    this.#texts = texts;
  }

  get requests(): readonly TextRequest[] {
    return this.#requests;
  }

  /** The connection itself, for `hangs` and `cut`. */
  answer(model: string, text: string): RestAnswer | 'hangs' | 'cut' {
    const body = parseJson(text);
    const request = generateRequest.safeParse(body);
    if (!request.success) return failed(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.');
    this.#requests.push({ model, body });
    if (this.#requests.length > MAX_REQUESTS) this.#requests.shift();
    const fault = this.#faults.shift();
    switch (fault) {
      case 'quota':
        return failed(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).');
      case 'unavailable':
        return failed(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.');
      case 'invalid':
        return failed(400, 'INVALID_ARGUMENT', 'Invalid value at generation_config.response_json_schema');
      case 'hangs':
      case 'cut':
        return fault;
      default:
        return generated(model, request.data, fault, this.#texts);
    }
  }
}

function generated(
  model: string,
  { contents, generationConfig }: z.output<typeof generateRequest>,
  fault: TextFault | undefined,
  texts: readonly unknown[],
): RestAnswer {
  const promptTokenCount = Math.ceil(JSON.stringify(contents).length / CHARACTERS_PER_TOKEN);
  const usage = (candidatesTokenCount: number) => ({
    promptTokenCount,
    ...(candidatesTokenCount > 0 && { candidatesTokenCount }),
    totalTokenCount: promptTokenCount + candidatesTokenCount,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokenCount }],
  });
  const answer = (candidates: readonly unknown[] | undefined, tokens: number, more = {}): RestAnswer => ({
    status: 200,
    body: { ...(candidates && { candidates }), ...more, usageMetadata: usage(tokens), modelVersion: model },
  });
  if (fault === 'blocked') return answer(undefined, 0, { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } });
  if (fault === 'empty') return answer([], 0);
  if (fault === 'safety') return answer([{ finishReason: 'SAFETY', index: 0 }], 0);
  const { responseMimeType, responseSchema, responseJsonSchema } = generationConfig ?? {};
  const given = contents.flatMap(({ parts = [] }) => parts.map(({ text = '' }) => text)).join('\n');
  const right =
    responseMimeType === 'application/json'
      ? JSON.stringify(
          texts.find((value) => allows(responseJsonSchema, value)) ??
            example(responseJsonSchema ?? responseSchema, given),
        )
      : 'This is a simulated answer.';
  const text = wrong(right, fault);
  const finishReason = fault === 'maxTokens' ? 'MAX_TOKENS' : 'STOP';
  return answer(
    [{ content: { role: 'model', parts: [{ text }] }, finishReason, index: 0 }],
    Math.ceil(text.length / CHARACTERS_PER_TOKEN),
  );
}

/** What zod cannot read of a schema, no text is held against. */
function allows(schema: unknown, value: unknown): boolean {
  try {
    return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value).success;
  } catch {
    return false;
  }
}

function wrong(right: string, fault: TextFault | undefined): string {
  switch (fault) {
    case 'malformed':
      return `Here is what you asked for:\n\`\`\`json\n${right}`;
    case 'breaksSchema':
      return '{"unexpected":true}';
    case 'maxTokens':
      return right.slice(0, CUT_AT_CHARACTERS);
    default:
      return right;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const failed = (status: number, code: string, message: string): RestAnswer => ({
  status,
  body: { error: { code: status, message, status: code } },
});
