/** Places for what is known of a call, in what an agent is told. */
import { expect, test } from 'vitest';
import { inspectConfig } from '../../../src/config/index.ts';
import { AGENT, DEVELOPER, givenFiles, problemsOf } from './given.ts';

const wordingOf = (yaml: string) =>
  inspectConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': yaml }) }).agents[0]?.wording;

test('an agent whose file has no such place stands as it is', () => {
  expect(wordingOf(`${AGENT}greeting: Hello.\n`)).toBeUndefined();
});

test('greeting and instruction are taken apart', () => {
  const yaml = 'default: true\ninstruction: "You speak with {{ vars.name }}."\ngreeting: "Hi, {{sip.X-Name}}!"\n';
  expect(wordingOf(yaml)).toEqual({
    instruction: ['You speak with ', { path: ['vars', 'name'] }, '.'],
    greeting: ['Hi, ', { path: ['sip', 'X-Name'] }, '!'],
  });
});

test('all that is known of a call is known', () => {
  const names = ['caller.number', 'called.number', 'call.id', 'call.to', 'call.agent', 'call.direction'];
  expect(problemsOf(`greeting: "${names.map((name) => `{{${name}}}`).join('')}"\n`)).toEqual([]);
});

test.each([
  ['{{caller.name}}', '{{caller.name}} is not known; known are call.id, call.agent, call.direction, call.to,'],
  ['{{args.day}}', '{{args.day}} is not known; known are call.id,'],
  ['{{env.GEMINI_API_KEY}}', '{{env.GEMINI_API_KEY}} has no place here'],
  ['{{vars}}', '{{vars}} is not known'],
  ['{{vars.__proto__}}', '{{vars.__proto__}} is not known'],
  ['{{vars.a.b}}', '{{vars.a.b}} is not known'],
  ['Hello {{', 'has a "{{" or "}}" without its other half: a variable is written {{caller.number}}'],
])('%s is told of at start', (text, problem) => {
  const [told, ...more] = problemsOf(`greeting: "${text}"\n`);
  expect(told).toMatch(/^config\/agents\/sales\.yaml:3 greeting: /);
  expect(told).toContain(problem);
  expect(more).toEqual([]);
});
