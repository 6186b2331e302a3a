/** What an enemy, a defect or a bad line may put where our parsers read: values, texts, and recordings that were tampered with. */
import fc from 'fast-check';
import { Failure, type FailureCode } from '../../src/lib/index.ts';

/** Names that mean something to JavaScript, to a file system, to a log or to a terminal. */
export const hostileName = fc.constantFrom(
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'then', 'toJSON', ''],
  ...[
    '\0',
    '\ud800',
    '../../etc/passwd',
    '..',
    'a\r\nb: c',
    '\u001b[2J',
    '"}\n{"level":60',
    '$&',
    '%00',
    'x'.repeat(5_000),
  ],
);

/** JSON texts that are legal and should not be met with. */
const hostileJson = fc.constantFrom(
  ...['1e400', '-1e400', '9007199254740993', '-0', '1e-400', '0.1', '-1', '123456789012345678901234567890'],
  ...['null', 'true', '""', '[]', '{}', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u001b[31m"', '"__proto__"'],
  ...['{"__proto__":{"event":"stop"}}', '{"constructor":{"prototype":{"a":1}}}', '{"toJSON":"x"}', '{"length":-1}'],
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  JSON.stringify('y'.repeat(70_000)),
  `[${'1,'.repeat(10_000)}1]`,
);

export const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.json(),
  hostileName,
  hostileJson,
  fc.tuple(hostileName, hostileJson).map(([name, json]) => `{${JSON.stringify(name)}:${json}}`),
);

type Mutation = (text: string, at: number, length: number, other: string, json: string, name: string) => string;

/** On the text of one message. */
const MUTATIONS: readonly Mutation[] = [
  (text, at) => text.slice(0, at),
  (text, at, length) => text.slice(0, at) + text.slice(at + length),
  (text, at, length) => text.slice(0, at) + text.slice(at, at + length) + text.slice(at),
  (text, at) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << (at % 16))) + text.slice(at + 1),
  (text, at, _length, other) => text.slice(0, at) + other.slice(at),
  (text, _at, _length, other) => text + other,
  // Some value, and all that is inside it, becomes another.
  (text, at, _length, _other, json) => replaceValue(text, at, () => json),
  // A key more, in some object.
  (text, at, _length, _other, json, name) => withKey(text, at, `${JSON.stringify(name)}:${json}`),
  // A known key twice, with another value.
  (text, at, _length, _other, json) => withKey(text, at, `${/"[^"]*"/.exec(text.slice(at))?.[0] ?? '"x"'}:${json}`),
];

function replaceValue(text: string, at: number, by: () => string): string {
  const start = text.indexOf(':', at) + 1;
  if (start === 0) return text;
  const value =
    /^(?:"(?:[^"\\]|\\.)*"|[\d.eE+-]+|true|false|null|\{[^{}]*\}|\[[^[\]]*\])/.exec(text.slice(start))?.[0] ?? '';
  return text.slice(0, start) + by() + text.slice(start + value.length);
}

function withKey(text: string, at: number, pair: string): string {
  const start = text.indexOf('{', at) + 1;
  if (start === 0) return text;
  return `${text.slice(0, start)}${pair}${text[start] === '}' ? '' : ','}${text.slice(start)}`;
}

const mutation = fc.record({
  how: fc.nat(MUTATIONS.length - 1),
  line: fc.nat(),
  at: fc.nat(),
  length: fc.nat(40),
  other: fc.nat(),
  json: hostileJson,
  name: hostileName,
  move: fc.constantFrom<'stay' | 'stay' | 'double' | 'swap' | 'drop'>('stay', 'stay', 'double', 'swap', 'drop'),
});

/** A recording with some of its lines cut, flipped, doubled, moved, mixed up, or given keys and values that are foreign to it. */
export function tamperedWith(recording: readonly string[]): fc.Arbitrary<string[]> {
  return fc.array(mutation, { minLength: 1, maxLength: 4 }).map((mutations) => {
    const lines = [...recording];
    for (const { how, line, at, length, other, json, name, move } of mutations) {
      if (lines.length === 0) break;
      const index = line % lines.length;
      const text = lines[index]!;
      const next = lines[other % lines.length]!;
      lines[index] = MUTATIONS[how]!(text, at % Math.max(1, text.length), length, next, json, name);
      if (move === 'double') lines.splice(index, 0, lines[index]!);
      if (move === 'swap') [lines[index], lines[other % lines.length]] = [next, lines[index]!];
      if (move === 'drop') lines.splice(index, 1);
    }
    return lines;
  });
}

/** What a message for people may be long: it goes into one line of the log. */
const MAX_FAILURE_CHARACTERS = 400;

/** Runs it: what it gives, or undefined for a failure with one of these codes and a bounded message. Anything else is thrown. */
export function onlyFailures<T>(codes: readonly FailureCode[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Failure) || !codes.includes(error.code)) throw error;
    const said = messagesOf(error).join(' ');
    if (said.length > MAX_FAILURE_CHARACTERS)
      throw new Error(`a message of ${said.length} characters`, { cause: error });
    return undefined;
  }
}

/** A failure's message and those of its causes: all of them are logged. */
export function messagesOf(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...messagesOf(error.cause)] : [];
}
