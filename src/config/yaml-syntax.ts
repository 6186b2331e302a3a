/** What a YAML file says that was not meant so: variables without quotes, and what its parser cannot read, told for operators. */
import {
  type Document,
  isAlias,
  isCollection,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  Scalar,
  visit,
  type YAMLError,
} from 'yaml';

export interface Unquoted {
  readonly offset: number;
  readonly keys: readonly PropertyKey[];
  readonly message: string;
}

/** YAML reads {{args.day}} as a map whose key is a map. Each becomes the text that was meant, so that the rest is judged, too. */
export function quoteVariables(document: Document, text: string): Unquoted[] {
  const found: Unquoted[] = [];
  const hasOddKey = ({ key }: Pair) => isCollection(isAlias(key) ? key.resolve(document) : key);
  visit(document, {
    Map(_, map, path) {
      if (!map.items.some(hasOddKey)) return undefined;
      const [offset = 0, end = offset] = map.range ?? [];
      const source = text.slice(offset, end);
      if (/^\{\{[^{}\n]*\}\}$/.test(source)) {
        found.push({
          offset,
          keys: keysTo(path, map),
          message: `a variable must stand in quotes, such as "${source}"`,
        });
        const quoted = Object.assign(new Scalar(source), { range: map.range ?? null });
        if (map.anchor !== undefined) quoted.anchor = map.anchor;
        return quoted;
      }
      // What is read of a file with faults may have such keys that it does not say.
      if (document.errors.length === 0) {
        found.push({ offset, keys: keysTo(path, map), message: 'has a key that is a list or a map: it must be text' });
      }
      map.items = map.items.filter((pair) => !hasOddKey(pair));
      return undefined;
    },
  });
  return found;
}

/** `path` is that of a visitor: documents, collections and pairs. */
function keysTo(path: readonly unknown[], node: unknown): PropertyKey[] {
  return path.flatMap((each, depth): PropertyKey[] => {
    if (isPair(each)) return isScalar(each.key) ? [String(each.key.value)] : [];
    return isSeq(each) ? [each.items.indexOf(path[depth + 1] ?? node)] : [];
  });
}

/** A line may be as long as a file. */
const MAX_SHOWN = 60;
const INDENTATION =
  'look at the indentation here and in the next line: keys of one map begin in one column, text below a key further right';
const QUOTES = 'text with ": " in it must stand in quotes';

/** The parser's words, with the line and, where they tell an author of parsers alone, what to do. */
export function syntaxProblem(error: YAMLError, { errors }: Document, text: string): string {
  const [at] = error.pos;
  // The rest of the message draws the line with a caret.
  const words = error.message.split(/ at line \d+/)[0] ?? error.message;
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1).split('\n', 1)[0] ?? '';
  const codes = errors.filter(({ pos }) => pos[0] === at).map(({ code }) => code);
  const isMisplaced = codes.includes('MULTILINE_IMPLICIT_KEY') || words.startsWith('Sequence item');
  const hint = isMisplaced ? INDENTATION : codes.includes('BLOCK_AS_IMPLICIT_KEY') ? QUOTES : undefined;
  return [`${words}, in "${line.trim().slice(0, MAX_SHOWN)}"`, hint].filter(Boolean).join(': ');
}
