// Makes up a value that a JSON Schema allows, or one that it does not: what a text model answers about a call.

/** As far as it is understood; the older dialect of Gemini writes types in capitals. */
interface Schema {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly $ref?: unknown;
  readonly $defs?: Readonly<Record<string, unknown>>;
  readonly minItems?: unknown;
  readonly minLength?: unknown;
  readonly minimum?: unknown;
  readonly format?: unknown;
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  time: '12:00:00Z',
  email: 'somebody@example.com',
  uri: 'https://example.com/',
};
/** Fields that are for people to read. */
const PROSE = /summary|why|reason|note|description/i;
const MAX_QUOTE_CHARACTERS = 80;
/** Lists of what was said, by their fields. */
const SAID: Readonly<Record<string, RegExp>> = {
  names: /(?<=[Mm]y name is )\p{Lu}\p{L}+(?: \p{Lu}\p{L}+)*/gu,
  postalAddresses: /(?<=I live at )[^.,\n]+/g,
};

/** The least value that a schema allows; prose quotes the transcript that was given. */
export function example(value: unknown, text: string, name = '', root = value): unknown {
  if (typeof value !== 'object' || value === null) return {};
  const schema = value as Schema;
  const inner = (of: unknown, as = name): unknown => example(of, text, as, root);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (typeof schema.$ref === 'string') return inner(referred(schema.$ref, root));
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice !== undefined) return inner(choice);
  switch (typeOf(schema.type)) {
    case 'string':
      return exampleText(schema, text, name);
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? Math.ceil(schema.minimum) : 0;
    case 'boolean':
      return false;
    case 'null':
      return null;
    case 'array': {
      const said = Object.hasOwn(SAID, name) ? SAID[name] : undefined;
      if (said !== undefined) return text.match(said) ?? [];
      const length = typeof schema.minItems === 'number' ? schema.minItems : 1;
      return schema.items === undefined ? [] : Array.from({ length }, () => inner(schema.items));
    }
    default:
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([field, of]) => [field, inner(of, field)]),
      );
  }
}

function exampleText({ format, minLength }: Schema, text: string, name: string): string {
  const said = /^Caller: (.+)$/m.exec(text)?.[1];
  const made =
    FORMATS[String(format)] ??
    (said !== undefined && PROSE.test(name) ? `The caller said: ${said.slice(0, MAX_QUOTE_CHARACTERS)}` : 'simulated');
  return made.padEnd(typeof minLength === 'number' ? minLength : 0, '.');
}

/** Of several types the first that is one. */
function typeOf(type: unknown): string {
  const types = [type].flat().map((each) => String(each).toLowerCase());
  return types.find((each) => each !== 'null') ?? 'null';
}

/** `#/$defs/name` alone: others are not made up. */
function referred(reference: string, root: unknown): unknown {
  const name = /^#\/\$defs\/([^/]+)$/.exec(reference)?.[1] ?? '';
  return (root as Schema).$defs?.[name] ?? {};
}
