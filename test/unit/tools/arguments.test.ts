/** What the model is told of arguments that break their schema. */
import { expect, test } from 'vitest';
import { argumentCheck } from '../../../src/tools/arguments.ts';

const check = argumentCheck({
  type: 'object',
  properties: {
    day: { enum: ['Friday', 'Saturday'] },
    guests: { type: 'integer', minimum: 1 },
    contact: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  },
  required: ['day'],
  additionalProperties: false,
});

test.each([
  [{ day: 'Friday', guests: 2 }, undefined],
  [{}, "the arguments must have required property 'day'"],
  [{ day: 'Sunday' }, 'day must be equal to one of the allowed values (Friday, Saturday)'],
  [{ day: 'Friday', guests: 'two' }, 'guests must be integer'],
  [{ day: 'Friday', contact: {} }, "contact must have required property 'name'"],
  [{ day: 'Friday', table: 3 }, 'the arguments must NOT have additional properties (table)'],
  [{ guests: 0, table: 3, contact: 1 }, expect.stringMatching(/^[^;]+; [^;]+; [^;]+$/)],
])('%j', (args, wrong) => {
  expect(check(args)).toEqual(wrong);
});

test('a tool without a schema takes what comes', () => {
  expect(argumentCheck(undefined)({ anything: 1 })).toBeUndefined();
});

test('a schema that is none is refused when the tool is made', () => {
  expect(() => argumentCheck({ type: 'objekt' })).toThrow();
});
