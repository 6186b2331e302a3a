// How the service reads a protobuf message from JSON (protobuf.dev/programming-guides/json): names in lowerCamelCase or as in the .proto, null as absent, nothing unknown.
import { z } from 'zod';
import { invalidValue, type Refusal, unknownName } from './refusals.ts';

/** A message with exactly these fields. Only its own names are normalised: free-form values in it stay as they came. */
export function wireObject<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [snakeCase(name), name]));
  return z.preprocess((value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const fields: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(value)) {
      if (field !== null) fields[names.get(name) ?? name] = field;
    }
    return fields;
  }, z.strictObject(shape));
}

/** An enum whose zero value may always be named too. */
export function wireEnum<const Name extends string>(unspecified: string, names: readonly Name[]) {
  return z.preprocess((value) => (value === unspecified ? undefined : value), z.enum(names).optional());
}

/** An int64 travels as a string; numbers are accepted. */
export const wireInt64 = z.preprocess(
  (value) => (typeof value === 'string' && /^-?\d{1,18}$/u.test(value) ? Number(value) : value),
  z.int(),
);

/** Free-form JSON (google.protobuf.Struct). */
export const wireStruct = z.record(z.string(), z.unknown());

/** The service's words for the first thing wrong with `message`. */
export function refusalOf(error: z.ZodError, message: unknown): Refusal {
  // A field that does not exist is found while parsing, before any value is looked at.
  const unknown = error.issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown?.code === 'unrecognized_keys') return unknownName(unknown.keys[0] ?? '', protoPath(unknown.path));
  const issue = error.issues[0];
  const path = issue?.path ?? [];
  return invalidValue(protoPath(path), valueAt(message, path));
}

/** `['toolResponse', 'functionResponses', 0]` as `tool_response.function_responses[0]`. */
function protoPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${snakeCase(String(step))}`;
  }
  return text;
}

function valueAt(message: unknown, path: readonly PropertyKey[]): unknown {
  let value = message;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    const fields = value as Record<PropertyKey, unknown>;
    value = fields[step] ?? fields[snakeCase(String(step))];
  }
  return value;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
}
