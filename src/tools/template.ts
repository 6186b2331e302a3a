/** Fills what an operator wrote with the arguments of a call and what is known of it, each encoded for its place. */
import type { ToolArgs, ToolContext } from './tool.ts';

/** Text as it stands, and what is put in between. */
export type Template = readonly (string | { readonly path: readonly string[] })[];

/** JSON with templates in the place of its texts. */
export type BodyTemplate =
  | { readonly kind: 'text'; readonly template: Template }
  | { readonly kind: 'list'; readonly items: readonly BodyTemplate[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: string, value: BodyTemplate])[] }
  | { readonly kind: 'plain'; readonly value: number | boolean | null };

export interface Variables extends ToolContext {
  readonly args: ToolArgs;
}

/** An argument that cannot stand in its place: the model is told, and may ask the caller again. */
export class UnfitArgument extends Error {}

/** Characters that servers take for the end of a segment of a path. */
const ENDS_SEGMENT = /[/\\]/;
/** Segments by which a path leads elsewhere: https://url.spec.whatwg.org/#double-dot-path-segment. */
const LEADS_ELSEWHERE = /^(\.|%2e){1,2}$/i;
/** What the caller has entered by the keys: nothing before they did, nor in another process than the one that heard them. */
const KEYS = 'caller.keys';
/** What a header may hold: RFC 9110 §5.5. */
const HEADER_TEXT = /^[\t\x20-\x7e]*$/;

/** Text as it is, for keys and the like. */
export function plainText(template: Template, variables: Variables): string {
  return template.map((part) => (typeof part === 'string' ? part : textOf(part.path, variables))).join('');
}

/** The part before the first `?` is the path. Throws UnfitArgument for what would change the path around it. */
export function urlText(template: Template, variables: Variables): string {
  let url = '';
  for (const part of template) {
    if (typeof part === 'string') url += part;
    else if (url.includes('?')) url += encoded(textOf(part.path, variables));
    else url += pathText(part.path, variables);
  }
  judgeSegments(url, template);
  return url;
}

/** undefined when its only variable is not given: the field is left out. */
export function queryText(template: Template, variables: Variables): string | undefined {
  return isMissing(template, variables) ? undefined : plainText(template, variables);
}

/** undefined when its only variable is not given. Throws UnfitArgument for what no header can hold. */
export function headerText(template: Template, variables: Variables): string | undefined {
  if (isMissing(template, variables)) return undefined;
  const text = plainText(template, variables);
  if (!HEADER_TEXT.test(text)) throw new UnfitArgument(`${namesOf(template)} may hold only plain ASCII letters`);
  return text;
}

/** A text that is one variable and nothing else becomes its value, whatever type that has; undefined when it is not given. */
export function bodyValue(body: BodyTemplate, variables: Variables): unknown {
  switch (body.kind) {
    case 'plain':
      return body.value;
    case 'list':
      return body.items.map((item) => bodyValue(item, variables)).filter((item) => item !== undefined);
    case 'map':
      // JSON.stringify leaves out what is undefined.
      return Object.fromEntries(body.entries.map(([key, value]) => [key, bodyValue(value, variables)]));
    case 'text': {
      const [only, ...others] = body.template;
      if (typeof only === 'object' && others.length === 0) return valueAt(only.path, variables);
      return plainText(body.template, variables);
    }
  }
}

function pathText(path: readonly string[], variables: Variables): string {
  const text = textOf(path, variables);
  if (text === '') throw new UnfitArgument(`${path.at(-1)} must not be empty`);
  if (ENDS_SEGMENT.test(text)) throw new UnfitArgument(`${path.at(-1)} must be a name or a number without slashes`);
  return encoded(text);
}

/** Only what is put together can be judged: two variables, or one and a dot of the operator's, may lead elsewhere as one. */
function judgeSegments(url: string, template: Template): void {
  const written = segmentsOf(template.map((part) => (typeof part === 'string' ? part : 'x')).join(''));
  // Where the operator wrote dots, and nothing else, they are meant.
  const wrong = segmentsOf(url).some((segment, at) => segment !== written[at] && LEADS_ELSEWHERE.test(segment));
  if (wrong) throw new UnfitArgument(`${namesOf(template)} must not be mere dots`);
}

/** Of the path, with what goes before it. Blanks at the end, and line ends anywhere, are nothing to a URL. */
function segmentsOf(url: string): string[] {
  return url.replace(/\s/g, '').split('?', 1)[0]!.split(ENDS_SEGMENT);
}

/** A lone surrogate, which no URL can hold, becomes U+FFFD. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

function isMissing([only, ...others]: Template, variables: Variables): boolean {
  return typeof only === 'object' && others.length === 0 && (valueAt(only.path, variables) ?? undefined) === undefined;
}

function textOf(path: readonly string[], variables: Variables): string {
  const value = valueAt(path, variables) ?? '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * What stands at the path: only what is really there, and never what every object has. Throws UnfitArgument for keys that
 * are not there: what takes them can do nothing without, and may tell the caller that they are wrong.
 */
function valueAt(path: readonly string[], variables: Variables): unknown {
  let value: unknown = variables;
  for (const key of path) {
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    value = isThere ? (value as Record<string, unknown>)[key] : undefined;
  }
  if (path.join('.') === KEYS && (value ?? '') === '') {
    throw new UnfitArgument('the caller has entered nothing by the keys, or it was lost');
  }
  return value;
}

function namesOf(template: Template): string {
  return template.flatMap((part) => (typeof part === 'string' ? [] : part.path.join('.'))).join(', ');
}
