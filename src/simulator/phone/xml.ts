/**
 * Reads the XML that TwiML is made of: elements, attributes, text, comments, the five named entities. What TwiML has no use
 * for is refused rather than half understood, a document type above all: entities of one's own are how XML harms its reader.
 */
import { TwilioFault } from './fault.ts';

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** The text directly inside, without that of children. */
  readonly text: string;
}

/** TwiML nests four deep at most; this keeps hostile documents from growing the stack of open elements. */
const MAX_DEPTH = 16;
const NAME = '[A-Za-z_][A-Za-z0-9_.:-]*';
const TOKEN = new RegExp(
  [
    '<!--(?<comment>(?:[^-]|-(?!-))*)-->',
    `</(?<closing>${NAME})\\s*>`,
    `<(?<opening>${NAME})(?<attributes>(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(?<empty>/?)>`,
    '(?<text>[^<]+)',
  ].join('|'),
  'uy',
);
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'gu');
const DECLARATION = /^\uFEFF?(?:<\?xml\s[^>]*\?>)?/u;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

interface OpenElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** The document's one element. Throws TwilioFault 12100. */
export function readXml(document: string): Element {
  const outside: OpenElement = { name: '', attributes: {}, children: [], text: '' };
  const open: OpenElement[] = [outside];
  TOKEN.lastIndex = DECLARATION.exec(document)?.[0].length ?? 0;
  while (TOKEN.lastIndex < document.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(document)?.groups;
    if (token === undefined) throw broken(`unexpected "${document.slice(at, at + 20)}" at character ${at}`);
    const inside = open.at(-1)!;
    if (token['text'] !== undefined) inside.text += decoded(token['text']);
    else if (token['closing'] !== undefined) {
      if (inside === outside || token['closing'] !== inside.name) throw broken(`</${token['closing']}> closes nothing`);
      open.pop();
      open.at(-1)!.children.push(inside);
    } else if (token['opening'] !== undefined) {
      const element = { name: token['opening'], attributes: attributes(token['attributes']!), children: [], text: '' };
      if (token['empty'] === '/') inside.children.push(element);
      else if (open.push(element) > MAX_DEPTH) throw broken(`elements nested deeper than ${MAX_DEPTH}`);
    }
  }
  if (open.length > 1) throw broken(`<${open.at(-1)!.name}> is not closed`);
  const [root, ...more] = outside.children;
  if (root === undefined || more.length > 0 || outside.text.trim() !== '') throw broken('one element is wanted');
  return root;
}

function attributes(source: string): Record<string, string> {
  const found = new Map<string, string>();
  for (const [, name, double, single] of source.matchAll(ATTRIBUTE)) {
    if (found.has(name!)) throw broken(`the attribute ${name} comes twice`);
    found.set(name!, decoded(double ?? single ?? ''));
  }
  return Object.fromEntries(found);
}

function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));|&/giu, (entity, hex, decimal, name) => {
    const code = hex !== undefined ? Number.parseInt(hex, 16) : decimal !== undefined ? Number(decimal) : undefined;
    if (code !== undefined && code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
    if (name !== undefined && Object.hasOwn(ENTITIES, name)) return ENTITIES[name]!;
    throw broken(`unknown entity ${entity}`);
  });
}

const broken = (why: string): TwilioFault => new TwilioFault(12100, why);
