/** What may be answered about a ringing call: whatever comes, it is taken as it should be, or refused in words that repeat nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAnswer, UselessAnswer } from '../../../src/call/call-start-answer.ts';

const name = fc.stringMatching(/^[A-Za-z]\w{0,39}$/);
const value = fc.oneof(
  fc.string({ maxLength: 200, unit: 'grapheme' }).filter((text) => text.length <= 400),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
);
const answer = fc.record(
  {
    variables: fc.dictionary(name, value, { maxKeys: 20, noNullPrototype: true }),
    agent: fc.stringMatching(/^[a-z0-9-]{1,100}$/),
    voice: fc.stringMatching(/^[\w-]{1,64}$/),
    language: fc.stringMatching(/^[A-Za-z0-9-]{2,35}$/),
  },
  { requiredKeys: [], noNullPrototype: true },
);

test('an answer is taken as it is, its values as text', () => {
  fc.assert(
    fc.property(answer, (given) => {
      const body = JSON.stringify(given);
      const { variables = {}, ...rest } = JSON.parse(body) as typeof given;
      const texts = Object.fromEntries(Object.entries(variables).map(([key, each]) => [key, String(each)]));
      expect(readAnswer(body)).toEqual({ answer: { ...rest, variables: texts }, unknownKeys: [] });
    }),
  );
});

test('of whatever JSON there is, what is taken is within bounds, and what is refused is refused in words of ours', () => {
  const anything = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc
      .record({ variables: fc.jsonValue(), agent: fc.jsonValue(), voice: fc.jsonValue() })
      .map((x) => JSON.stringify(x)),
    fc.string(),
  );
  fc.assert(
    fc.property(anything, (body) => {
      try {
        const { answer } = readAnswer(body);
        expect(Object.keys(answer.variables).length).toBeLessThanOrEqual(20);
        for (const [key, text] of Object.entries(answer.variables)) {
          expect(key).toMatch(/^[A-Za-z]\w{0,39}$/);
          expect(text.length).toBeLessThanOrEqual(400);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(UselessAnswer);
        expect((error as Error).message.length).toBeLessThan(500);
      }
    }),
    { numRuns: 500 },
  );
});

describe('is refused', () => {
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, nth) => [`v${nth}`, 'x']));
  test.each([
    ['a list', '[]', 'not as it should be'],
    ['a text', '"Ada"', 'not as it should be'],
    ['null', 'null', 'not as it should be'],
    ['half of it', '{"variables":{', 'no JSON'],
    ['21 variables', JSON.stringify({ variables: many }), 'more than 20'],
    ['a value of 401 characters', JSON.stringify({ variables: { a: 'x'.repeat(401) } }), 'more than 400 characters'],
    ['a value that is a map', '{"variables":{"a":{"secret":1}}}', 'variables.a: must be text, a number, true or false'],
    ['a value that is null', '{"variables":{"a":null}}', 'variables.a'],
    ['a name with a dot', '{"variables":{"a.b":"c"}}', 'variables'],
    ['a path for an agent', '{"agent":"../other"}', 'agent: is no name of an agent'],
    ['a voice with a line end', '{"voice":"Puck\\n"}', 'voice: is no name of a voice'],
    ['a language of a sentence', '{"language":"German, please"}', 'language: is no BCP 47 tag'],
    ['nesting without end', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'not as it should be'],
  ])('%s', (_what, body, why) => {
    expect(() => readAnswer(body)).toThrow(why);
    expect(() => readAnswer(body)).not.toThrow(/secret/);
  });
});

test('a name that every object has brings nothing', () => {
  const { answer } = readAnswer('{"variables":{"__proto__":{"a":"b"},"c":"d"},"__proto__":{"agent":"x"}}');
  expect(answer).toEqual({ variables: { c: 'd' } });
  expect(answer.agent).toBeUndefined();
  expect(Object.getPrototypeOf(answer.variables)).toBe(Object.prototype);
});

test.each(['', ' \n'])('nothing (%j) changes nothing', (body) => {
  expect(readAnswer(body)).toEqual({ answer: { variables: {} }, unknownKeys: [] });
});

test('unknown keys are passed over and told by name, ten of them, and of long ones the beginning', () => {
  const keys = Object.fromEntries(
    Array.from({ length: 30 }, (_, nth) => [`${nth}`.padStart(60, 'k'), { secret: nth }]),
  );
  const { answer, unknownKeys } = readAnswer(JSON.stringify({ ...keys, voice: 'Puck' }));
  expect(answer).toEqual({ variables: {}, voice: 'Puck' });
  expect(unknownKeys).toHaveLength(10);
  for (const key of unknownKeys) expect(key).toBe('k'.repeat(40));
});
