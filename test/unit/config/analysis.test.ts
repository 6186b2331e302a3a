/** What an agent wants found out about its calls. */
import { describe, expect, test } from 'vitest';
import { inspectConfig, loadWorkerConfig } from '../../../src/config/index.ts';
import { AGENT, DEVELOPER, givenFiles, problemsOf, VERTEX } from './given.ts';

const analysisOf = (yaml: string) => {
  const cwd = givenFiles({ 'config/agents/sales.yaml': `${AGENT}afterwards:\n${yaml}` });
  return inspectConfig({ env: DEVELOPER, cwd }).agents[0]?.afterwards.analysis;
};

test('is nothing, unless the file asks for it', () => {
  expect(analysisOf('  formats: [json]\n')).toBeUndefined();
  expect(analysisOf('  summary: false\n  model: gemini-3.8-flash\n')).toBeUndefined();
});

test('is asked of the first text model of models.yaml, or of the one that is named', () => {
  expect(analysisOf('  summary: true\n')).toEqual({ model: 'gemini-3.8-flash', summary: {} });
  expect(
    analysisOf(`
  model: models/gemini-3.8-flash
  summary: { instruction: In German. }
  extract: { schema: { type: object, properties: { guests: { type: integer } } }, instruction: Of the booking. }
  verdict: { goals: [The table is booked.] }
`),
  ).toEqual({
    model: 'gemini-3.8-flash',
    summary: { instruction: 'In German.' },
    extract: {
      schema: { type: 'object', properties: { guests: { type: 'integer' } } },
      instruction: 'Of the booking.',
    },
    verdict: { goals: ['The table is booked.'] },
  });
});

test('of personal data that is to be found needs a text model, and no call that is analysed', () => {
  const afterwardsOf = (yaml: string) => {
    const cwd = givenFiles({ 'config/agents/sales.yaml': `${AGENT}afterwards: ${yaml}\n` });
    return inspectConfig({ env: DEVELOPER, cwd }).agents[0]?.afterwards;
  };
  const find = { what: ['names', 'postalAddresses'], model: 'gemini-3.8-flash' };
  const asking = afterwardsOf('{ redact: { find: [names, postalAddresses] } }');
  expect([asking?.analysis, asking?.redact?.find]).toEqual([undefined, find]);
  expect(afterwardsOf('{ redact: {}, summary: true }')?.redact).not.toHaveProperty('find');
});

describe('is refused', () => {
  test.for([
    ['summary: true, model: gemini-3.8-live', 'gemini-3.8-live is for dialogue, not for text; use gemini-3.8-flash'],
    ['summary: true, model: gemini-3.9-flash', '"gemini-3.9-flash" is not in models.yaml, where you can add it; use'],
    ['redact: { find: [names] }, model: gemini-3.8-live', 'gemini-3.8-live is for dialogue, not for text'],
    ['summary: maybe', 'must be true, false, or a map with an instruction'],
    ['verdict: { goals: [] }', 'afterwards.verdict.goals'],
    ['extract: { schema: { type: array } }', 'afterwards.extract.schema: must be a JSON Schema with type: object'],
    [
      'extract: { schema: { type: object, properties: { a: { type: text } } } }',
      'afterwards.extract.schema: is no JSON Schema that answers can be checked by',
    ],
    [
      `extract: { schema: { type: object, description: ${'x'.repeat(65_536)} } }`,
      'afterwards.extract.schema: must have at most 65536 characters',
    ],
  ])('%s', ([yaml, complaint]) => {
    const [problem, ...others] = problemsOf(`afterwards: { ${yaml} }\n`);
    expect(others).toEqual([]);
    expect(problem).toContain('config/agents/sales.yaml:3 afterwards.');
    expect(problem).toContain(complaint);
  });

  test('where no back end offers the model, or there is no text model', () => {
    const catalogue = (models: string) => `
models:
  talk: { state: current, apis: [developer, vertex], contextTokens: 8000, features: {} }
${models}
voices: { Mine: Odd }
languages: { developer: [en], vertex: [en-US] }
`;
    const problems = (models: string, env = DEVELOPER) =>
      inspectConfig({
        env,
        cwd: givenFiles({
          'config/models.yaml': catalogue(models),
          'config/agents/sales.yaml': `${AGENT}model: talk\nvoice: Mine\nafterwards: { summary: true }\n`,
        }),
      }).problems.map(({ message }) => message);
    const write = '  write: { state: current, purpose: text, apis: [vertex], contextTokens: 8000, features: {} }';
    expect(problems('')).toEqual(['is missing, and models.yaml has no model with "purpose: text"']);
    expect(problems(write)).toEqual(['no back end in the order offers write']);
    expect(problems(write, VERTEX)).toEqual([]);
    expect(problems(write.replace('current', 'shutDown'))).toHaveLength(1);
  });
});

test('needs a worker to have the credentials, which one that only writes and delivers need not have', () => {
  const env = { REDIS_URL: 'redis://localhost:6379' };
  const asking = givenFiles({ 'config/agents/sales.yaml': `${AGENT}afterwards: { summary: true }\n` });
  const silent = givenFiles({ 'config/agents/sales.yaml': AGENT });
  expect(loadWorkerConfig({ env, cwd: silent }).live).toBeUndefined();
  expect(() => loadWorkerConfig({ env, cwd: asking })).toThrow('GEMINI_API_KEY: is missing');
  const finding = givenFiles({ 'config/agents/sales.yaml': `${AGENT}afterwards: { redact: { find: [names] } }\n` });
  expect(() => loadWorkerConfig({ env, cwd: finding })).toThrow('GEMINI_API_KEY: is missing');
  const { live } = loadWorkerConfig({ env: { ...env, GEMINI_API_KEY: 'key' }, cwd: asking });
  expect(live?.backends.all).toMatchObject([{ backend: { kind: 'developer', apiKey: 'key' } }]);
});
