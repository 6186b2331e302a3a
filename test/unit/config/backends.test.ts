import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Env, inspectConfig, liveRoutes, loadConfig } from '../../../src/config/index.ts';
import type { LiveBackend, LiveSettings } from '../../../src/live/settings.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, PROJECT } from './given.ts';

const KEY_FILE = JSON.stringify({
  type: 'service_account',
  client_email: 'a@b.example',
  private_key: '-----BEGIN PRIVATE KEY-----',
});
const ENV = { ...DEVELOPER, KEY_2: 'key-2', EUROPE: 'europe.json' };
const BACKENDS = `
backends:
  primary: { sessions: 50 }
  second: { api: developer, keyEnv: KEY_2, sessions: 3 }
  europe: { api: vertex, project: project-1, location: eu, credentialsEnv: EUROPE }
`;

function given({ backends = BACKENDS, agent = '' }) {
  return givenFiles({
    'config/backends.yaml': backends,
    'config/agents/sales.yaml': AGENT + agent,
    'europe.json': KEY_FILE,
  });
}

const problemsOf = (files: { backends?: string; agent?: string }, env: Env = ENV) =>
  inspectConfig({ env, cwd: given(files) }).problems.map(asLine);

describe('the back ends', () => {
  test('are that of the environment alone, unless a file names others', () => {
    const { live } = loadConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': AGENT }) });
    const primary = { kind: 'developer', apiKey: 'key-1' };
    expect(live).toEqual({
      backend: primary,
      backends: { all: [{ name: 'primary', backend: primary }], order: ['primary'] },
    });
  });

  test('of the file take their secrets from the environment', () => {
    const cwd = given({});
    const { live } = loadConfig({ env: ENV, cwd });
    expect(live.backends.all).toEqual([
      { name: 'primary', backend: live.backend, sessions: 50 },
      { name: 'second', backend: { kind: 'developer', apiKey: 'key-2' }, sessions: 3 },
      {
        name: 'europe',
        backend: {
          kind: 'vertex',
          project: 'project-1',
          location: 'eu',
          credentialsFile: join(cwd, 'europe.json'),
        },
      },
    ]);
    expect(live.backends.order).toEqual(['primary', 'second', 'europe']);
  });

  test('of the example are in order', () => {
    const text = readFileSync(join(PROJECT, 'config/backends.example.yaml'), 'utf8');
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/backends\.schema\.json\n/);
    const env = { ...DEVELOPER, GEMINI_API_KEY_2: 'key-2', EUROPE_CREDENTIALS: 'europe.json' };
    expect(problemsOf({ backends: text }, env)).toEqual([]);
  });

  test.each([
    ['a: { api: developer }', 'config/backends.yaml:3 backends.a.keyEnv: is missing'],
    ['a: { api: developer, keyEnv: NONE }', 'config/backends.yaml:3 backends.a.keyEnv: NONE is not set: it must hold'],
    [
      'a: { api: developer, keyEnv: KEY_2, session: 3 }',
      'config/backends.yaml:3 backends.a.session: is not a known key; did you mean "sessions"?',
    ],
    ['a: { api: azure }', 'config/backends.yaml:3 backends.a.api:'],
    ['A: { api: developer, keyEnv: KEY_2 }', 'config/backends.yaml:3 backends.A: must be named by lower-case letters'],
    ['a: { api: vertex, location: eu }', 'config/backends.yaml:3 backends.a.project: is missing'],
    [
      'a: { api: vertex, project: p, location: eu, credentialsEnv: KEY_2 }',
      'KEY_2: key-2 cannot be read: it must be the path of a service account',
    ],
    ['primary: { api: developer }', 'config/backends.yaml:3 backends.primary.api: is not a known key'],
  ])('that are wrong are told with their place: %s', (entry, message) => {
    const problems = problemsOf({ backends: `\nbackends:\n  ${entry}\n` });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  test('of the order exist, once', () => {
    expect(problemsOf({ backends: `${BACKENDS}order: [second, secund, second]\n` })).toEqual([
      'config/backends.yaml:6 order[1]: "secund" is not a back end; the nearest are second, europe, primary',
      'config/backends.yaml:6 order[2]: "second" stands here twice',
    ]);
  });

  test('never show a key in what is told', () => {
    const problems = problemsOf({}, { ...ENV, KEY_2: 'secret with blanks' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain('secret');
  });
});

describe('the routes of an agent', () => {
  function routesOf(agent: string, backends = BACKENDS) {
    const config = loadConfig({ env: ENV, cwd: given({ agent, backends }) });
    return liveRoutes(config, config.agents[0]!);
  }

  test('are its model on each back end that offers it, and then its alternatives, none twice', () => {
    const routes = routesOf(`
alternatives:
  - { model: gemini-3.8-live-extended-thinking }
  - { voice: Kore, backend: europe }
  - { backend: second }
  - { model: models/gemini-live-2.5-flash-native-audio }
`);
    expect(routes.map(({ name, backendName, sessions }) => [name, backendName, sessions])).toEqual([
      ['primary/gemini-3.8-live', 'primary', 50],
      ['second/gemini-3.8-live', 'second', 3],
      ['europe/gemini-3.8-live', 'europe', undefined],
      ['primary/gemini-3.8-live-extended-thinking', 'primary', 50],
      ['second/gemini-3.8-live-extended-thinking', 'second', 3],
      ['europe/gemini-3.8-live/Kore', 'europe', undefined],
      ['europe/gemini-live-2.5-flash-native-audio', 'europe', undefined],
    ]);
  });

  test('follow the order, and what it leaves out is for those who name it', () => {
    const backends = `${BACKENDS}order: [second]\n`;
    expect(routesOf('alternatives: [{ backend: primary }]', backends).map(({ name }) => name)).toEqual([
      'second/gemini-3.8-live',
      'primary/gemini-3.8-live',
    ]);
  });

  test('leave out what another model does not take, and a language that another service does not know', () => {
    const routes = routesOf(`
model: gemini-3.8-live-extended-thinking
language: de
thinking: { level: low }
alternatives: [{ model: gemini-live-2.5-flash-native-audio }]
`);
    const [own, other] = [routes[0]?.settings, routes.at(-1)?.settings];
    expect(own).toMatchObject({ language: 'de', thinking: { level: 'low' } });
    expect(other).toMatchObject({ model: 'gemini-live-2.5-flash-native-audio', features: { thinking: 'budget' } });
    expect(other?.thinking?.level).toBeUndefined();
  });

  test('fit what live takes', () => {
    const [route] = routesOf('');
    const settings: LiveSettings = route!.settings;
    const backend: LiveBackend = route!.backend;
    expect([settings.model, backend.kind]).toEqual(['gemini-3.8-live', 'developer']);
  });

  test.each([
    ['{}', 'alternatives[0]: names nothing that is different'],
    ['{ model: gemini-3.8 }', 'alternatives[0].model: "gemini-3.8" is not in models.yaml'],
    ['{ model: gemini-2.0-flash-live-001 }', 'alternatives[0].model: gemini-2.0-flash-live-001 was shut down'],
    ['{ voice: Nobody }', 'alternatives[0].voice: "Nobody" is not a voice'],
    ['{ backend: asia }', 'alternatives[0].backend: "asia" is not in backends.yaml; the nearest are'],
    [
      '{ model: gemini-live-2.5-flash-native-audio, backend: second }',
      'alternatives[0].model: gemini-live-2.5-flash-native-audio is offered on Vertex AI, not on the Developer API',
    ],
    ['{ modell: x }', 'alternatives[0].modell: is not a known key; did you mean "model"?'],
  ])('that cannot be are told with their place: %s', (alternative, message) => {
    const problems = problemsOf({ agent: `alternatives:\n  - ${alternative}\n` });
    expect(problems[0]).toContain(message);
  });

  test('may all be of another API than that of the environment: the model and the language are judged by the back end it runs on', () => {
    const agent = 'model: gemini-live-2.5-flash-native-audio\nlanguage: de-DE\n';
    expect(problemsOf({ agent })).toEqual([]);
    expect(routesOf(agent).map(({ name }) => name)).toEqual(['europe/gemini-live-2.5-flash-native-audio']);
    const unknown = agent.replace('de-DE', 'de-XX');
    expect(problemsOf({ agent: unknown })).toEqual([
      expect.stringContaining('language: "de-XX" is not a known language'),
    ]);
    expect(problemsOf({ agent, backends: 'backends: {}\n' })).toEqual([
      expect.stringContaining(
        'model: gemini-live-2.5-flash-native-audio is offered on Vertex AI, not on the Developer API',
      ),
    ]);
  });

  test('cannot be none: a model of its own that no back end in the order offers is told', () => {
    const backends = `${BACKENDS.replace(/^order:.*\n?/m, '')}order: [europe]\n`;
    expect(problemsOf({ agent: 'model: gemini-3.8-live-extended-thinking\n', backends })).toEqual([
      expect.stringContaining('model: no back end in the order offers gemini-3.8-live-extended-thinking'),
    ]);
  });

  test('without a back end that offers the model are told', () => {
    const agent = 'alternatives: [{ model: gemini-live-2.5-flash-native-audio }]\n';
    expect(problemsOf({ agent, backends: 'backends: {}\n' })).toEqual([
      expect.stringContaining('no back end in the order offers gemini-live-2.5-flash-native-audio'),
    ]);
  });
});
