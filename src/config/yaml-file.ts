/** Reads a YAML file against its schema; what is wrong goes to the problems with file, line and key. */
import { readFileSync } from 'node:fs';
import { type Document, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { meant } from './nearest.ts';
import { phrase, unknownKey } from './phrase.ts';
import type { Problems } from './problems.ts';
import { quoteVariables, syntaxProblem } from './yaml-syntax.ts';

/** A file that is YAML: what it says, and where in it a key stands, for the checks that need more than the file. */
export interface YamlFile {
  readonly value: unknown;
  /** Such as `config/agents/sales.yaml:7 voice`. */
  readonly place: (...path: PropertyKey[]) => string;
}

/** `label` is the file's name as the operator knows it. Undefined when it cannot be read or is not YAML. */
export function readYaml(path: string, label: string, problems: Problems): YamlFile | undefined {
  const text = readText(path, label, problems);
  if (text === undefined) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const aliasesHold = checkAliases(document, (offset, message) => problems.add(`${label}:${lineAt(offset)}`, message));
  const unquoted = quoteVariables(document, text);
  for (const { offset, keys, message } of unquoted) {
    problems.add([`${label}:${lineAt(offset)}`, dotted(keys)].filter(Boolean).join(' '), message);
  }
  const told = new Set(unquoted.map(({ offset }) => lineAt(offset)));
  // What comes after the first one mostly follows from it.
  for (const error of [...document.errors.slice(0, 1), ...document.warnings]) {
    const line = lineAt(error.pos[0]);
    if (!told.has(line)) problems.add(`${label}:${line}`, syntaxProblem(error, document, text));
  }
  if (document.errors.length > 0 || !aliasesHold) return undefined;
  const place = (...keys: PropertyKey[]) => {
    const line = lineOf(document, lines, keys);
    return [line === undefined ? label : `${label}:${line}`, dotted(keys)].filter(Boolean).join(' ');
  };
  try {
    return { value: document.toJS(), place };
  } catch (error) {
    // The library counts what aliases unfold to and throws when it is out of all proportion.
    if (!(error instanceof ReferenceError)) throw error;
    problems.add(label, 'repeats its parts by aliases too often: write them out');
    return undefined;
  }
}

/** The content as the schema reads it; or, when it broke the schema, the keys at its top that cannot be relied upon. */
export type Judged<T> =
  | { readonly content: T; readonly doubtful?: undefined }
  | { readonly content?: undefined; readonly doubtful: ReadonlySet<PropertyKey> };

export function judgeYaml<S extends z.ZodType>(
  { value, place }: YamlFile,
  schema: S,
  problems: Problems,
): Judged<z.output<S>> {
  const result = schema.safeParse(value, { error: phrase });
  if (result.success) return { content: result.data };
  const doubtful = new Set<PropertyKey>();
  for (const issue of result.error.issues.flatMap(insideUnion)) {
    for (const key of issue.path.slice(0, 1)) doubtful.add(key);
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(schema, issue.path);
      for (const key of issue.keys) {
        problems.add(place(...issue.path, key), unknownKey(key, known));
        // What stands under a misspelt key was meant for the other: its default is not what the file asks for.
        if (issue.path.length === 0) doubtful.add(key).add(meant(key, known) ?? key);
      }
    } else {
      problems.add(place(...issue.path), issue.message);
    }
  }
  return { doubtful };
}

/** False when an alias names no anchor above it, or stands inside its own. */
function checkAliases(document: Document, tell: (offset: number, message: string) => void): boolean {
  let hold = true;
  visit(document, {
    Alias(_, alias, path) {
      const target = alias.resolve(document);
      if (target !== undefined && !path.includes(target)) return;
      hold = false;
      const fault = target === undefined ? 'names no anchor above it' : 'contains itself';
      tell(
        alias.range?.[0] ?? 0,
        `*${alias.source} ${fault}; text beginning with * must stand in quotes: "*${alias.source}"`,
      );
    },
  });
  return hold;
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
  readonly oneOf?: readonly Shape[];
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let shapes = [z.toJSONSchema(schema, { io: 'input' }) as Shape];
  for (const key of path) shapes = shapes.flatMap(alternatives).flatMap((shape) => below(shape, key));
  return shapes.flatMap(alternatives).flatMap((shape) => Object.keys(shape.properties ?? {}));
}

function alternatives(shape: Shape): readonly Shape[] {
  return shape.anyOf ?? shape.oneOf ?? [shape];
}

function below(shape: Shape, key: PropertyKey): Shape[] {
  const next = typeof key === 'number' ? shape.items : (shape.properties?.[String(key)] ?? shape.additionalProperties);
  return typeof next === 'object' ? [next] : [];
}
