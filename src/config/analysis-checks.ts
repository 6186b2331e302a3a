/** Judges what an agent's file wants found out about its calls: the text model must exist, and the schema must be one; so must that which finds personal data. */
import { z } from 'zod';
import type { Tell } from './agent-checks.ts';
import type { ReadableAgentFile } from './agent-file.ts';
import { carriers } from './alternatives.ts';
import type { Backends } from './backends.ts';
import type { Catalogue, LiveModel } from './catalogue.ts';
import { nearest } from './nearest.ts';

/** What is found out by asking a text model. */
export interface Analysis {
  readonly model: string;
  readonly summary?: { readonly instruction?: string | undefined } | undefined;
  readonly extract?:
    | { readonly schema: Readonly<Record<string, unknown>>; readonly instruction?: string | undefined }
    | undefined;
  readonly verdict?: { readonly goals: readonly string[] } | undefined;
}

type Afterwards = ReadableAgentFile['afterwards'];

/** Whom to ask, for what. `backends` undefined judges without them. */
export interface Asked {
  /** Undefined when nobody is to be asked, or something is wrong and told. */
  readonly textModel?: string | undefined;
  /** Undefined when nothing is to be found out, or likewise. */
  readonly analysis?: Analysis | undefined;
}

export function checkAnalysis(
  { afterwards }: Pick<ReadableAgentFile, 'afterwards'>,
  catalogue: Catalogue,
  backends: Backends | undefined,
  problem: Tell,
): Asked {
  const { summary, extract, verdict, redact } = afterwards;
  const analyses = summary !== false || extract !== undefined || verdict !== undefined;
  if (!analyses && !redact?.find.length) return {};
  const schemaProblem = extract && problemOfSchema(extract.schema);
  if (schemaProblem !== undefined) problem(['afterwards', 'extract', 'schema'], schemaProblem);
  const model = textModel(afterwards, catalogue, problem);
  if (model !== undefined && backends !== undefined && carriers(backends, model).length === 0) {
    problem(['afterwards', 'model'], `no back end in the order offers ${model.name}`);
  }
  if (model === undefined || schemaProblem !== undefined) return {};
  const wishes = { model: model.name, summary: summary === true ? {} : summary || undefined, extract, verdict };
  return { textModel: model.name, analysis: analyses ? wishes : undefined };
}

function textModel({ model: given }: Afterwards, { models }: Catalogue, problem: Tell): LiveModel | undefined {
  const refuse = (message: string): undefined => void problem(['afterwards', 'model'], message);
  const texts = models.filter(({ purpose, state }) => purpose === 'text' && state !== 'shutDown');
  if (given === undefined) {
    const byDefault = texts.find(({ state }) => state === 'current') ?? texts[0];
    return byDefault ?? refuse('is missing, and models.yaml has no model with "purpose: text"');
  }
  const name = given.replace(/^models\//, '');
  const known = models.find((model) => model.name === name);
  const names = texts.map((model) => model.name);
  const others = names.length === 0 ? 'there is none to choose from' : `use ${nearest(name, names).join(' or ')}`;
  if (known === undefined) return refuse(`"${name}" is not in models.yaml, where you can add it; ${others}`);
  if (known.purpose !== 'text') return refuse(`${name} is for ${known.purpose}, not for text; ${others}`);
  if (known.state === 'shutDown') return refuse(`${name} was shut down; ${others}`);
  return known;
}

/** What a request may hold beside a transcript; a form with a hundred fields is a tenth of it. */
const MAX_SCHEMA_CHARACTERS = 65_536;

function problemOfSchema(schema: Readonly<Record<string, unknown>>): string | undefined {
  if (schema['type'] !== 'object') return 'must be a JSON Schema with type: object';
  if (JSON.stringify(schema).length > MAX_SCHEMA_CHARACTERS) {
    return `must have at most ${MAX_SCHEMA_CHARACTERS} characters as JSON`;
  }
  try {
    z.fromJSONSchema(schema);
    return undefined;
  } catch (error) {
    return `is no JSON Schema that answers can be checked by: ${error instanceof Error ? error.message : String(error)}`;
  }
}
