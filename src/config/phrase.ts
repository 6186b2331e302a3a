/** Turns what zod finds wrong into a sentence for the operator: what is wrong there and what would be right. */
import type { z } from 'zod';
import { meant } from './nearest.ts';

/** Undefined leaves zod's own message, as do schemas that bring a message of theirs. */
export function phrase(issue: z.core.$ZodRawIssue): string | undefined {
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_type':
      if (input === undefined) return `is missing: ${article(issue.expected)} is expected`;
      return `must be ${article(issue.expected)}, not ${describe(input)}`;
    case 'invalid_value': {
      const options = issue.values.map(String);
      if (input === undefined) return `is missing: ${list(options)} is expected`;
      const guess = typeof input === 'string' ? meant(input, options) : undefined;
      return `must be ${list(options)}, not ${describe(input)}${guess ? `; did you mean "${guess}"?` : ''}`;
    }
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty';
      return `must ${sized(issue.origin)} at least ${issue.minimum}`;
    case 'too_big':
      return `must ${sized(issue.origin)} at most ${issue.maximum}`;
    default:
      return undefined;
  }
}

/** For a key that the schema does not know; `keys` are those that it knows there. */
export function unknownKey(key: string, keys: readonly string[]): string {
  const guess = meant(key, keys);
  return `is not a known key; ${guess === undefined ? `known are ${keys.join(', ')}` : `did you mean "${guess}"?`}`;
}

function sized(origin: string): string {
  return origin === 'array' || origin === 'set' ? 'have a number of entries of' : 'be';
}

function article(expected: string): string {
  const words: Record<string, string> = {
    int: 'a whole number',
    array: 'a list',
    object: 'a map of keys and values',
    record: 'a map of keys and values',
    boolean: 'true or false',
    string: 'text',
  };
  return words[expected] ?? `a ${expected}`;
}

function list(options: readonly string[]): string {
  const quoted = options.map((option) => `"${option}"`);
  return quoted.length === 1 ? quoted[0]! : `one of ${quoted.join(', ')}`;
}

function describe(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? `"${value}"` : String(value);
}
