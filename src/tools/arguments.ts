/** Judges the arguments of a call by the JSON Schema that the model was given. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { ToolArgs } from './tool.ts';

/** The model mends one thing after another; more would only make it read. */
const MAX_TOLD = 3;

/** Gives what is wrong with arguments, with its place; undefined when nothing is. Throws when the schema is none. */
export function argumentCheck(
  schema: Readonly<Record<string, unknown>> | undefined,
): (args: ToolArgs) => string | undefined {
  if (schema === undefined) return () => undefined;
  // Strictness is for who writes schemas: those of servers elsewhere are taken as they are. Formats are hints to the model.
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  // The dialect that it names may be one that is not known here, and hardly differs.
  const { $schema: _, ...plain } = schema;
  const validate = ajv.compile(plain);
  return (args) => (validate(args) ? undefined : (validate.errors ?? []).slice(0, MAX_TOLD).map(told).join('; '));
}

function told({ instancePath, message, keyword, params }: ErrorObject): string {
  const place = instancePath === '' ? 'the arguments' : instancePath.slice(1).replaceAll('/', '.');
  const options = keyword === 'enum' ? ` (${(params['allowedValues'] as unknown[]).join(', ')})` : '';
  const key = keyword === 'additionalProperties' ? ` (${String(params['additionalProperty'])})` : '';
  return `${place} ${message ?? 'is not right'}${options}${key}`;
}
