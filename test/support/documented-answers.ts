/** Holds what the routes for calls answer against the OpenAPI document that the same service serves. */
import { Ajv2020 } from 'ajv/dist/2020.js';

interface Answer {
  readonly content?: Readonly<Record<string, object>>;
}
export interface Document {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Answer>> }>>>
  >;
}

/** What is found at a reference of the document, as a judge of values. */
export function judgesOf(document: object): (reference: string) => (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false }).addSchema(document, 'document');
  return (reference) => (value) => ajv.validate({ $ref: `document${reference}` }, value) as boolean;
}

/** Throws where an answer has a status, or a body, that the document does not have for it. */
export function documentedAnswers(origin: string): (method: string, path: string, answer: Response) => Promise<void> {
  let fetched: Promise<Document> | undefined;
  return async (method, path, answer) => {
    fetched ??= fetch(`${origin}/openapi.json`).then((response) => response.json() as Promise<Document>);
    const document = await fetched;
    const template = path === '/calls' ? path : '/calls/{id}';
    const operation = method.toLowerCase();
    const documented = document.paths[template]![operation]!.responses[answer.status];
    const what = `${method} ${template}: ${answer.status} ${await answer.clone().text()}`;
    if (documented === undefined) throw new Error(`is not in the document: ${what}`);
    const [type] = Object.keys(documented.content ?? {});
    if (type === undefined) return;
    const place = ['paths', template, operation, 'responses', answer.status, 'content', type, 'schema'];
    const pointer = place.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    const fits = judgesOf(document)(`#${encodeURI(pointer)}`);
    if (!fits(await answer.clone().json())) throw new Error(`is not as the document has it: ${what}`);
  };
}
