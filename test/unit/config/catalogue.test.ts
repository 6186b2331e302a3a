import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectConfig, jsonSchemas, loadCatalogue, writeJsonSchemas } from '../../../src/config/index.ts';
import { SHIPPED } from '../../support/shipped.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, PROJECT, problemsOf, VERTEX } from './given.ts';

const catalogue = loadCatalogue({ env: {}, cwd: SHIPPED });

test('the catalogue has thirty voices and the languages of both services', () => {
  expect(Object.keys(catalogue.voices)).toHaveLength(30);
  // Google counts 99 and gives Norwegian two codes.
  expect(new Set(catalogue.languages.developer).size).toBe(100);
  expect(new Set(catalogue.languages.vertex).size).toBe(24);
  expect(catalogue.languages.developer).toContain('no');
});

test('the three models and five voices of the first guide are in it, each model with its end and its successor', () => {
  const guide = catalogue.models.filter(({ name }) =>
    [
      'gemini-2.0-flash-live-001',
      'gemini-2.5-flash-preview-native-audio-dialog',
      'gemini-2.5-flash-exp-native-audio-thinking-dialog',
    ].includes(name),
  );
  expect(guide.map(({ state, shutDownOn, contextTokens }) => ({ state, shutDownOn, contextTokens }))).toEqual([
    { state: 'shutDown', shutDownOn: '2025-12-09', contextTokens: 32_768 },
    { state: 'shutDown', shutDownOn: '2025-10-20', contextTokens: 131_072 },
    { state: 'shutDown', shutDownOn: '2025-10-20', contextTokens: 131_072 },
  ]);
  expect(catalogue.voices).toMatchObject({ Aoede: 'Breezy', Puck: 'Upbeat', Charon: 'Informative', Kore: 'Firm' });
  expect(catalogue.voices).toHaveProperty('Fenrir');
});

test('every successor is a model of the catalogue that agents can use', () => {
  const successors = catalogue.models.flatMap(({ successor }) => successor ?? []);
  expect(successors.length).toBeGreaterThan(5);
  for (const name of successors) {
    expect(catalogue.models.find((model) => model.name === name)).toMatchObject({
      state: 'current',
      purpose: 'dialogue',
    });
  }
});

test('a remedy is a current model, never one that is near its end', () => {
  expect(problemsOf('affectiveDialog: true\nvoice: Kore')[0]).not.toContain('use gemini');
  expect(problemsOf('affectiveDialog: true', VERTEX)[0]).toMatch(/or use gemini-live-2\.5-flash-native-audio$/);
  expect(problemsOf('model: gemini-2.5-flash-native-audio-preview-09-2026')[0]).toMatch(
    /the nearest are gemini-3\.8-live-extended-thinking, gemini-3\.8-live$/,
  );
});

test('a mistake in models.yaml is told at its line', () => {
  const cwd = givenFiles({
    'config/models.yaml': `
models:
  mine: { state: gone, apis: [developer], contextTokens: 8000, features: { telepathy: true } }
voices: {}
languages: { developer: [en], vertex: [en-US] }
`,
    'config/agents/sales.yaml': AGENT,
  });
  expect(inspectConfig({ env: DEVELOPER, cwd }).problems.map(asLine)).toEqual([
    'config/models.yaml:3 models.mine.state: must be one of "current", "deprecated", "shutDown", not "gone"',
    expect.stringMatching(
      /^config\/models\.yaml:3 models\.mine\.features\.telepathy: is not a known key; known are googleSearch/,
    ),
  ]);
});

test('prices are told wrong at their line: unknown kinds, negative ones, days out of order', () => {
  const pricesOf = (prices: string): string[] => {
    const cwd = givenFiles({
      'config/models.yaml': `
models: { mine: { state: current, apis: [developer], contextTokens: 8000, features: {}, prices: ${prices} } }
voices: {}
languages: { developer: [en], vertex: [en-US] }
`,
      'config/agents/sales.yaml': AGENT,
    });
    return inspectConfig({ env: DEVELOPER, cwd })
      .problems.map(asLine)
      .filter((line) => line.includes('prices'));
  };
  expect(pricesOf('[{ input: { text: 1 }, output: {} }, { from: 2027-01-01, input: {}, output: {} }]')).toEqual([]);
  expect(pricesOf('[{ input: { smell: 1 }, output: {} }]')).toEqual([
    expect.stringMatching(/models\.yaml:2 models\.mine\.prices\[0\]\.input\.smell: is not a known key/),
  ]);
  expect(pricesOf('[{ input: { text: -1 }, output: {} }]')).toHaveLength(1);
  expect(pricesOf('[]')).toHaveLength(1);
  for (const days of [
    '[{ input: {}, output: {} }, { input: {}, output: {} }]',
    '[{ from: 2027-01-01, input: {}, output: {} }, { from: 2026-01-01, input: {}, output: {} }]',
  ]) {
    expect(pricesOf(days)).toEqual([expect.stringContaining('must be in the order of their days')]);
  }
});

test("a mistake in models.yaml hides nothing that the agents' files say by themselves", () => {
  const cwd = givenFiles({
    'config/models.yaml': 'models: {}\nvoices: {}\n',
    'config/agents/a.yaml': 'instruction: A.\nanswers: ["+15551230100"]\nmodel: mine\nvoice: Mine\n',
    'config/agents/b.yaml': 'instruction: B.\nanswers: ["+15551230100"]\nvoise: Mine\n',
    'config/agents/c.yaml': `${AGENT}afterwards: { webhook: { url: "https://crm.example.com", secretEnv: HOOK } }\n`,
  });
  const { problems, agents } = inspectConfig({ env: DEVELOPER, cwd });
  expect(problems.map(asLine)).toEqual([
    expect.stringMatching(/^config\/models\.yaml languages: is missing/),
    'config/agents/b.yaml:2 answers[0]: +15551230100 is answered by a already: remove it from one of them',
    'config/agents/b.yaml:3 voise: is not a known key; did you mean "voice"?',
    expect.stringMatching(/^config\/agents\/c\.yaml:3 afterwards\.webhook\.secretEnv: HOOK is not set/),
  ]);
  expect(agents).toEqual([]);
});

test('the JSON Schemas beside the files are those of the code; `callbridge models --write-schemas` renews them', () => {
  const schemas = Object.entries(jsonSchemas(catalogue));
  expect(schemas.map(([path]) => path)).toEqual([
    'agents/agent.schema.json',
    'backends.schema.json',
    'models.schema.json',
  ]);
  for (const [path, schema] of schemas) {
    // To the letter: the linter judges the files, so it accepts what is written for them.
    expect(readFileSync(join(PROJECT, 'config', path), 'utf8'), path).toBe(schema);
  }
});

test('editors are offered the current models for dialogue and the thirty voices, and may take others', () => {
  const { properties } = JSON.parse(jsonSchemas(catalogue)['agents/agent.schema.json']!);
  expect(properties.model).toEqual({
    type: 'string',
    minLength: 1,
    default: 'gemini-3.8-live',
    description: 'A dialogue model of config/models.yaml.',
    examples: ['gemini-3.8-live', 'gemini-3.8-live-extended-thinking', 'gemini-live-2.5-flash-native-audio'],
  });
  expect(properties.voice.examples).toEqual(Object.keys(catalogue.voices));
  expect(properties.voice).not.toHaveProperty('enum');
});

test('the schemas are written beside the files of any configuration directory', () => {
  const cwd = givenFiles({});
  const paths = writeJsonSchemas({ env: {}, cwd });
  expect(paths).toEqual(
    ['agents/agent.schema.json', 'backends.schema.json', 'models.schema.json'].map((path) => join(cwd, 'config', path)),
  );
  expect(readFileSync(paths[2]!, 'utf8')).toBe(jsonSchemas(catalogue)['models.schema.json']);
});

test.each(['models.yaml', 'agents/reception.yaml'])('%s tells editors where its schema is', (path) => {
  expect(readFileSync(join(PROJECT, 'config', path), 'utf8')).toMatch(
    /^# yaml-language-server: \$schema=\.\/(models|agent)\.schema\.json\n/,
  );
});
