import { expect, test } from 'vitest';
import { taskOf } from '../../../src/postprocess/analysis/tasks.ts';

const goals = ['The table is booked.', 'The allergy is noted.'];
const { schema, read } = taskOf('verdict', { model: 'any', verdict: { goals } })!;
const answer = (...met: string[]) =>
  Object.fromEntries(met.map((each, index) => [`goal${index + 1}`, { met: each, why: 'Heard.' }]));

test.each([
  [['yes', 'yes'], true],
  [['yes', 'notApplicable'], true],
  [['yes', 'no'], false],
  [['no', 'no'], false],
  [['notApplicable', 'notApplicable'], false],
])('of %j is success: %s', (met, success) => {
  expect(read(answer(...met))).toMatchObject({
    success,
    goals: goals.map((goal, index) => ({ goal, met: met[index] })),
  });
});

test('that leaves a goal out, or has a word of its own, breaks the schema', () => {
  expect(read(answer('yes'))).toBeUndefined();
  expect(read(answer('yes', 'perhaps'))).toBeUndefined();
  expect(read([])).toBeUndefined();
  expect(schema).toMatchObject({ required: ['goal1', 'goal2'] });
});
