// The plain requests of the Gemini API that callers of Live make beside it: models.list and models.get (ai.google.dev/api/models), generateContent.
import { type Backend, MODELS } from './models.ts';
import { failed, type RestAnswer, type TextModel } from './text-model.ts';

const MODELS_PATH = /^\/(?:v1|v1alpha|v1beta)\/models(?:\/([^/:]+))?$/u;
const GENERATE_PATH = /^\/(?:v1|v1alpha|v1beta|v1beta1)\/(?:.+\/)?models\/([^/:]+):generateContent$/u;
/** A text model, for what is done with a finished transcript. */
const TEXT_MODEL = 'gemini-3.8-flash';

/** undefined: no path of ours. */
export function answerRest(
  method: string,
  path: string,
  authorised: boolean,
  body: string,
  textModel: TextModel,
): RestAnswer | 'hangs' | 'cut' | undefined {
  const generate = method === 'POST' ? GENERATE_PATH.exec(path) : null;
  const models = method === 'GET' ? MODELS_PATH.exec(path) : null;
  if (generate === null && models === null) return undefined;
  if (!authorised) return failed(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.');
  if (generate !== null) return textModel.answer(generate[1]!, body);
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
