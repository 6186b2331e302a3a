/** Reads a YAML file against its schema; what is wrong goes to the problems with file, line and key. */
import { readFileSync } from 'node:fs';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { phrase, unknownKey } from './phrase.ts';
import type { Problems } from './problems.ts';

/** A file that was read: its content, and where in it a key stands, for the checks that need more than the file. */
export interface YamlFile<T> {
  readonly content: T;
  /** Such as `config/agents/sales.yaml:7 voice`. */
  readonly place: (...path: PropertyKey[]) => string;
}

/** `label` is the file's name as the operator knows it. Undefined when it could not be read or broke the schema. */
export function readYaml<S extends z.ZodType>(
  path: string,
  label: string,
  schema: S,
  problems: Problems,
): YamlFile<z.output<S>> | undefined {
  const text = readText(path, label, problems);
  if (text === undefined) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const error of [...document.errors, ...document.warnings]) {
    // The rest of the message draws the line with a caret, which the place says already.
    problems.add(
      `${label}:${lines.linePos(error.pos[0]).line}`,
      error.message.split(/ at line \d+/)[0] ?? error.message,
    );
  }
  if (document.errors.length > 0) return undefined;

  const place = (...keys: PropertyKey[]) => {
    const line = lineOf(document, lines, keys);
    return [line === undefined ? label : `${label}:${line}`, dotted(keys)].filter(Boolean).join(' ');
  };
  const result = schema.safeParse(document.toJS(), { error: phrase });
  if (result.success) return { content: result.data, place };
  for (const issue of result.error.issues.flatMap(insideUnion)) {
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(schema, issue.path);
      for (const key of issue.keys) problems.add(place(...issue.path, key), unknownKey(key, known));
    } else {
      problems.add(place(...issue.path), issue.message);
    }
  }
  return undefined;
}

/** Of a union the issues of the alternative that was meant: the one that is wrong somewhere inside and not as a whole. */
function insideUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => insideUnion({ ...inner, path: [...issue.path, ...inner.path] }));
}

function readText(path: string, label: string, problems: Problems): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    problems.add(label, `cannot be read (${error instanceof Error ? error.message : String(error)})`);
    return undefined;
  }
}

/** The line of the node at `keys`, or of the nearest one around it that exists. */
function lineOf(document: Document, lines: LineCounter, keys: readonly PropertyKey[]): number | undefined {
  for (let depth = keys.length; depth > 0; depth--) {
    const node = document.getIn(keys.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

function dotted(keys: readonly PropertyKey[]): string {
  return keys
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index ? '.' : ''}${String(key)}`))
    .join('');
}

/** The part of JSON Schema that leads from a path to the keys known at its end. */
interface Shape {
  readonly properties?: Record<string, Shape>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let shapes = [z.toJSONSchema(schema, { io: 'input' }) as Shape];
  for (const key of path) shapes = shapes.flatMap(alternatives).flatMap((shape) => below(shape, key));
  return shapes.flatMap(alternatives).flatMap((shape) => Object.keys(shape.properties ?? {}));
}

function alternatives(shape: Shape): readonly Shape[] {
  return shape.anyOf ?? [shape];
}

function below(shape: Shape, key: PropertyKey): Shape[] {
  const next = typeof key === 'number' ? shape.items : (shape.properties?.[String(key)] ?? shape.additionalProperties);
  return typeof next === 'object' ? [next] : [];
}
