/** Templates in an agent's file, `{{caller.number}}`, `{{args.day}}` and the like: taken apart, and judged where they stand. */
import type { Environment } from './environment.ts';

/** Text as it stands, with secrets put in, and what is put in between when the tool is called. */
export type Template = readonly (string | { readonly path: readonly string[] })[];

/** JSON with templates in the place of its texts. */
export type BodyTemplate =
  | { readonly kind: 'text'; readonly template: Template }
  | { readonly kind: 'list'; readonly items: readonly BodyTemplate[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: string, value: BodyTemplate])[] }
  | { readonly kind: 'plain'; readonly value: number | boolean | null };

export interface TemplateBench {
  /** undefined: secrets have no place here. */
  readonly environment: Environment | undefined;
  /** The arguments that the tool declares; undefined: it takes any; `none`: it is no tool's template. */
  readonly args: readonly string[] | undefined | 'none';
  readonly problem: (path: readonly PropertyKey[], message: string) => void;
}

const VARIABLE = /\{\{\s*([^{}]*?)\s*\}\}/g;
/** It goes into a header or a URL as it is. */
const PRINTABLE = /^[\x20-\x7e]*$/;
/** What is known of each call. */
const KNOWN = ['call.id', 'call.agent', 'call.direction', 'call.to', 'caller.number', 'called.number'];
/** What the caller entered by the keys last: for tools, and not for the model. */
const KEYS = 'caller.keys';
/** What is known of some: a SIP caller's headers, and what whoever places a call gives it. */
const OPEN = /^(sip\.[^.]+|vars\.[A-Za-z]\w*)$/;

export function parseTemplate(text: string, path: readonly PropertyKey[], bench: TemplateBench): Template {
  const parts: (string | { path: string[] })[] = [];
  const add = (more: string): void => {
    const last = parts.at(-1);
    if (typeof last === 'string') parts[parts.length - 1] = last + more;
    else if (more !== '') parts.push(more);
  };
  let end = 0;
  for (const { 0: whole, 1: name = '', index } of text.matchAll(VARIABLE)) {
    add(text.slice(end, index));
    end = index + whole.length;
    if (name.startsWith('env.')) add(secret(name.slice('env.'.length), path, bench));
    else {
      judgeVariable(name, path, bench);
      parts.push({ path: name.split('.') });
    }
  }
  add(text.slice(end));
  if (/\{\{|\}\}/.test(text.replace(VARIABLE, ''))) {
    const example = bench.args === 'none' ? '{{caller.number}}' : '{{args.day}}';
    bench.problem(path, `has a "{{" or "}}" without its other half: a variable is written ${example}`);
  }
  return parts;
}

export function parseBody(value: unknown, path: readonly PropertyKey[], bench: TemplateBench): BodyTemplate {
  if (typeof value === 'string') return { kind: 'text', template: parseTemplate(value, path, bench) };
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item, index) => parseBody(item, [...path, index], bench)) };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([key, inner]) => [key, parseBody(inner, [...path, key], bench)] as const,
    );
    return { kind: 'map', entries };
  }
  return { kind: 'plain', value: typeof value === 'number' || typeof value === 'boolean' ? value : null };
}

/** Text in which nothing stands but secrets. */
export function parseSecrets(text: string, path: readonly PropertyKey[], bench: TemplateBench): string {
  const parts = parseTemplate(text, path, bench);
  if (parts.some((part) => typeof part !== 'string')) bench.problem(path, 'only {{env.NAME}} has a place here');
  return parts.filter((part) => typeof part === 'string').join('');
}

function secret(name: string, path: readonly PropertyKey[], { environment, problem }: TemplateBench): string {
  if (environment === undefined) {
    problem(path, `{{env.${name}}} has no place here: secrets go into headers or the url`);
    return '';
  }
  const value = environment.raw(name);
  if (value === undefined) problem(path, `${name} is not set: {{env.${name}}} takes it from the environment`);
  else if (!PRINTABLE.test(value))
    problem(path, `${name} holds a line end or other than ASCII characters: copy it again`);
  return value ?? '';
}

function judgeVariable(name: string, path: readonly PropertyKey[], { args, problem }: TemplateBench): void {
  const [root = '', key = ''] = name.split('.');
  if (args !== 'none' && root === 'args' && key !== '') {
    if (args === undefined || args.includes(key)) return;
    problem(path, `{{${name}}} is not among the parameters, which are ${args.join(', ') || 'none'}`);
  } else if (!KNOWN.includes(name) && !OPEN.test(name) && (args === 'none' || name !== KEYS)) {
    const ofCall = [...KNOWN, 'sip.<header>', 'vars.<name>'];
    const names = args === 'none' ? ofCall : ['args.<parameter>', ...ofCall, KEYS, 'env.<NAME>'];
    problem(path, `{{${name}}} is not known; known are ${names.join(', ')}`);
  }
}
