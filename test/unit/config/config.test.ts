import { expect, test } from 'vitest';
import {
  type Config,
  type Env,
  inspectConfig,
  loadCatalogue,
  loadConfig,
  loadWorkerConfig,
} from '../../../src/config/index.ts';
import { Failure } from '../../../src/lib/index.ts';
import type { LiveBackend, LiveSettings } from '../../../src/live/settings.ts';
import { SHIPPED } from '../../support/shipped.ts';
import { AGENT, DEVELOPER, givenFiles, VERTEX } from './given.ts';

/** The message of the failure that `load` must throw. */
function reportOf(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect((error as Failure).code).toBe('CONFIG_INVALID');
    return (error as Failure).message;
  }
  throw new Error('nothing was refused');
}

test('the project as it comes starts with a public URL, a Twilio token and a key', () => {
  const config = loadConfig({ env: DEVELOPER, cwd: SHIPPED });
  expect(config.http).toEqual({ host: '0.0.0.0', port: 8080, publicUrl: 'https://voice.example.com' });
  expect(config.twilio).toMatchObject({ authToken: '12345', insecure: false });
  expect(config.live.backend).toEqual({ kind: 'developer', apiKey: 'key-1' });
  expect(config.queue).toEqual({});
  expect(config.log).toEqual({ level: 'info' });
  expect(config.dirs).toEqual({
    config: `${SHIPPED}/config`,
    data: `${SHIPPED}/data`,
    journals: `${SHIPPED}/data/journals`,
    records: `${SHIPPED}/data/records`,
    spool: `${SHIPPED}/data/spool`,
  });
  expect(config.agents.filter(({ isDefault }) => isDefault).map(({ name }) => name)).toEqual(['reception']);
  expect(config.warnings).toEqual([]);
});

test('what live takes fits what the configuration gives', () => {
  const config = loadConfig({ env: DEVELOPER, cwd: SHIPPED });
  const backend: LiveBackend = config.live.backend;
  const settings: LiveSettings = config.agents.find(({ name }) => name === 'reception')!.live;
  expect(backend.kind).toBe('developer');
  expect(settings.model).toBe('gemini-3.8-live');
});

test('an empty environment is told all that is missing at once, and what to do about each', () => {
  const report = reportOf(() => loadConfig({ env: { PUBLIC_URL: '' }, cwd: SHIPPED }));
  expect(report.split('\n').map((line) => line.split(':')[0])).toEqual([
    'Invalid configuration',
    '✖ PUBLIC_URL',
    '✖ TWILIO_AUTH_TOKEN',
    '✖ GEMINI_API_KEY',
  ]);
  expect(report).toContain('CALLBRIDGE_INSECURE=1');
  expect(report).toContain('GOOGLE_GENAI_USE_VERTEXAI=true');
});

test('problems of variables and of files stand in one report', () => {
  const cwd = givenFiles({
    'config/agents/sales.yaml': `${AGENT}voice: Zephir\n`,
    'config/agents/desk.yaml': 'instruction: Hello.\nanswers: ["12"]\n',
  });
  const report = reportOf(() => loadConfig({ env: { ...DEVELOPER, PORT: '80800', REDIS_URL: 'localhost' }, cwd }));
  expect(report).toMatch(/^Invalid configuration: 4 problems\n/);
  expect(report).toContain('✖ PORT: must be a port number');
  expect(report).toContain('✖ REDIS_URL: must be a redis or rediss URL');
  expect(report).toContain('✖ config/agents/desk.yaml:2 answers[0]: must be a phone number');
  expect(report).toContain('✖ config/agents/sales.yaml:3 voice: "Zephir" is not a voice; the nearest are Zephyr');
});

test('the whole configuration is frozen', () => {
  const config = loadConfig({ env: DEVELOPER, cwd: SHIPPED });
  const seen: object[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    seen.push(value);
    expect(Object.isFrozen(value)).toBe(true);
    Object.values(value).forEach(visit);
  };
  visit(config);
  expect(seen.length).toBeGreaterThan(40);
});

test('directories may lie elsewhere, and problems then name them as the operator does', () => {
  const cwd = givenFiles({ 'etc/models.yaml': 'models: {}\n' });
  const env = { ...DEVELOPER, CONFIG_DIR: './etc/', DATA_DIR: 'var' };
  expect(reportOf(() => loadConfig({ env, cwd }))).toContain('✖ ./etc/models.yaml voices: is missing');
});

test('without an agent nothing starts, and the report says how to make one', () => {
  const report = reportOf(() => loadConfig({ env: DEVELOPER, cwd: givenFiles({}) }));
  expect(report).toContain('✖ config/agents: holds no agent: add a file such as reception.yaml');
});

test('a worker needs Redis and the agents, and neither a public URL nor a key', () => {
  const config = loadWorkerConfig({ env: { REDIS_URL: 'redis://localhost:6379' }, cwd: SHIPPED });
  expect(config.queue.redisUrl).toBe('redis://localhost:6379');
  expect(config.agents.find(({ isDefault }) => isDefault)?.afterwards.formats).toEqual(['json', 'text', 'vtt']);
  expect(reportOf(() => loadWorkerConfig({ env: {}, cwd: SHIPPED }))).toContain('✖ REDIS_URL: is missing');
});

test('the catalogue alone needs no environment at all', () => {
  expect(loadCatalogue({ env: {}, cwd: SHIPPED }).models.length).toBeGreaterThan(10);
  expect(reportOf(() => loadCatalogue({ env: { CONFIG_DIR: 'nowhere' }, cwd: SHIPPED }))).toContain(
    '✖ nowhere/models.yaml: cannot be read',
  );
});

test('a limit of silence that comes before the agent asks starts with a warning', () => {
  const warningsOf = (yaml: string) =>
    loadConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': AGENT + yaml }) }).warnings;
  expect(warningsOf('limits: { silenceSeconds: 10 }')).toEqual([
    {
      place: 'config/agents/sales.yaml:3 limits.silenceSeconds',
      message: 'ends the call before the agent asks, after 12 s (idle)',
    },
  ]);
  expect(warningsOf('limits: { silenceSeconds: 10 }\nidle: false')).toEqual([]);
  expect(warningsOf('idle: { askAfterSeconds: 20 }')).toEqual([]);
});

test('a deprecated model starts with a warning', () => {
  const cwd = givenFiles({
    'config/agents/sales.yaml': `${AGENT}model: gemini-2.5-flash-native-audio-preview-09-2025\n`,
  });
  const config: Config = loadConfig({ env: DEVELOPER, cwd });
  expect(config.warnings).toEqual([
    {
      place: 'config/agents/sales.yaml:3 model',
      message:
        'gemini-2.5-flash-native-audio-preview-09-2025 is deprecated and was to be shut down on 2026-03-19; use gemini-3.8-live',
    },
  ]);
  expect(loadConfig({ env: VERTEX, cwd: SHIPPED }).warnings).toEqual([]);
});

test('a shutdown is spoken of in the past up to the day of the catalogue, and after it as to come', () => {
  const warned = (asOf: string, shutDownOn: string) => {
    const model = `{ state: deprecated, shutDownOn: ${shutDownOn}, apis: [developer], contextTokens: 8000, features: {} }`;
    const cwd = givenFiles({
      'config/models.yaml': `${asOf}\nmodels: { mine: ${model} }\nvoices: { Aoede: Breezy }\nlanguages: { developer: [en], vertex: [en-US] }\n`,
      'config/agents/sales.yaml': `${AGENT}model: mine\n`,
    });
    return loadConfig({ env: DEVELOPER, cwd }).warnings.map(({ message }) => message);
  };
  const was = (day: string) => [`mine is deprecated and was to be shut down on ${day}`];
  const willBe = (day: string) => [`mine is deprecated, to be shut down on ${day}`];
  expect(warned('asOf: 2026-11-22', '2026-11-22')).toEqual(was('2026-11-22'));
  expect(warned('asOf: 2026-11-22', '2026-11-23')).toEqual(willBe('2026-11-23'));
  expect(warned('', '2026-03-19')).toEqual(willBe('2026-03-19'));
});

test('an http URL to another network is warned of, wherever secrets or records would go by it', () => {
  const secret = `whsec_${Buffer.alloc(24).toString('base64')}`;
  const warned = (base: string, more: Env = DEVELOPER) => {
    const cwd = givenFiles({
      'config/agents/sales.yaml': `${AGENT}afterwards:\n  webhook: { url: "${base}/calls", secretEnv: SECRET }\n`,
      'config/backends.yaml': `backends:\n  second: { api: developer, keyEnv: GEMINI_API_KEY, baseUrl: "${base}" }\n`,
    });
    const urls = { GOOGLE_GEMINI_BASE_URL: base, GOOGLE_VERTEX_BASE_URL: base, TWILIO_API_BASE_URL: base };
    const { warnings } = inspectConfig({ env: { ...more, ...urls, SECRET: secret }, cwd });
    return warnings.map(({ place, message }) => `${place}: ${message}`);
  };
  const tail = 'would travel unencrypted; use https';
  const said = (what: string) => `is an http URL to another network: ${what} ${tail}`;
  const others = [
    `config/backends.yaml:2 backends.second.baseUrl: ${said('its credentials')}`,
    `config/agents/sales.yaml:4 afterwards.webhook.url: ${said('what callers say')}`,
  ];
  const twilio = `TWILIO_API_BASE_URL: ${said('the auth token')}`;
  const gemini = `GOOGLE_GEMINI_BASE_URL: ${said('the API key')}`;
  for (const host of ['gateway.example.com', '8.8.8.8', '172.32.0.1', '[2001:db8::1]']) {
    expect(warned(`http://${host}`)).toEqual([twilio, gemini, ...others]);
  }
  expect(warned('http://gateway.example.com', { ...VERTEX, GEMINI_API_KEY: 'k' })).toContain(
    `GOOGLE_VERTEX_BASE_URL: ${said('access tokens')}`,
  );
  const near = ['localhost', 'simulator', '127.0.0.2', '10.1.2.3', '172.31.0.1', '192.168.0.1', '[::1]', '[fd00::1]'];
  for (const url of ['https://gateway.example.com', ...near.map((host) => `http://${host}:8090`)]) {
    expect(warned(url)).toEqual([]);
  }
});
