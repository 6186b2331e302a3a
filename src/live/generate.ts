/** Asks a text model for an answer in JSON, by generateContent, on the back ends and with the credentials of the sessions. */
import { type Clock, Failure } from '../lib/index.ts';
import type { LiveHeaders } from './auth.ts';
import { generateEndpoint } from './endpoint.ts';
import { type Content, contentOf, generateAnswer, generateUsage, googleError } from './generate-wire.ts';
import type { LiveUsage } from './handlers.ts';
import type { LiveBackend } from './settings.ts';

export interface Question {
  readonly model: string;
  /** What the model is to do. */
  readonly instruction: string;
  /** What it is to do it with: data, which may say anything. */
  readonly text: string;
  /** JSON Schema of the answer. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly maxOutputTokens: number;
}

export interface Answer {
  readonly content: Content;
  /** What was used, and is billed, whatever the answer is worth. */
  readonly usage: LiveUsage;
}

/** Rejects with a Failure when there is no answer. */
export type AskModel = (question: Question) => Promise<Answer>;

export interface TextBackend {
  readonly backend: LiveBackend;
  readonly headers: LiveHeaders;
}

/** A summary of a long call takes some ten seconds; a model that thinks, twice that. */
const DEADLINE_MS = 30_000;
/** An answer of 65,536 tokens, the most that any model gives, is a quarter of this. */
const MAX_ANSWER_BYTES = 2 ** 20;
/** What Google says of a request is one sentence or two. */
const MAX_REASON_CHARACTERS = 200;

/** The first back end that answers does; the next is asked where one fails. */
export function createTextModel(backends: readonly TextBackend[], clock: Clock): AskModel {
  return async (question) => {
    const failures: Failure[] = [];
    for (const backend of backends) {
      try {
        return await ask(backend, question, clock);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failures.push(error);
      }
    }
    const failure = failures.find(({ retryable }) => retryable) ?? failures[0];
    throw failure ?? new Failure('LIVE_MODEL_UNKNOWN', `no back end offers ${question.model}`);
  };
}

async function ask({ backend, headers }: TextBackend, question: Question, clock: Clock): Promise<Answer> {
  const credentials = await headers();
  const abort = new AbortController();
  const cancel = clock.after(DEADLINE_MS, () => abort.abort());
  try {
    const response = await fetch(generateEndpoint(backend, question.model), {
      method: 'POST',
      headers: { ...credentials, 'content-type': 'application/json' },
      body: JSON.stringify(requestOf(question)),
      // The credentials go where they were meant to, and nowhere else.
      redirect: 'manual',
      signal: abort.signal,
    });
    return read(response.status, await bodyOf(response));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = abort.signal.aborted
      ? `gave no answer within ${DEADLINE_MS} ms`
      : `cannot be reached: ${reason(error)}`;
    throw new Failure('ANALYSIS_UNAVAILABLE', `the model's service ${why}`);
  } finally {
    cancel();
  }
}

function requestOf({ instruction, text, schema, maxOutputTokens }: Question) {
  return {
    systemInstruction: { role: 'user', parts: [{ text: instruction }] },
    contents: [{ role: 'user', parts: [{ text }] }],
    generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema, maxOutputTokens },
  };
}

function read(status: number, body: unknown): Answer {
  if (status !== 200) throw refusal(status, body);
  const { data: answer } = generateAnswer.safeParse(body);
  if (answer === undefined)
    throw new Failure('ANALYSIS_UNAVAILABLE', "the model's service answered what cannot be read");
  return { content: contentOf(answer), usage: generateUsage(answer) };
}

function refusal(status: number, body: unknown): Failure {
  const message = googleError.safeParse(body).data?.error.message ?? '';
  const why = `the model's service answered ${status}: ${message.replace(/\p{C}/gu, ' ').slice(0, MAX_REASON_CHARACTERS)}`;
  switch (status) {
    case 400:
      return new Failure(/api key/i.test(message) ? 'LIVE_AUTH' : 'ANALYSIS_INVALID', why);
    case 401:
      return new Failure('LIVE_AUTH', why);
    case 403:
      return new Failure('LIVE_ACCESS_DENIED', why);
    case 404:
      return new Failure('LIVE_MODEL_UNKNOWN', why);
    default:
      return new Failure('ANALYSIS_UNAVAILABLE', why);
  }
}

/** undefined: no JSON, or more than an answer can be. */
async function bodyOf(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

/** The word for it alone: a system's code such as ECONNREFUSED, or the error's name. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause ? String(cause.code) : cause.name;
}
