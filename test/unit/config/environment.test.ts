import { describe, expect, test } from 'vitest';
import { type Env, inspectConfig } from '../../../src/config/index.ts';
import { SHIPPED } from '../../support/shipped.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, VERTEX } from './given.ts';

const inspect = (env: Env, cwd = SHIPPED) => inspectConfig({ env, cwd });
const problems = (env: Env, cwd = SHIPPED) => inspect(env, cwd).problems.map(asLine);

describe('PUBLIC_URL', () => {
  test.each([
    ['https://voice.example.com', 'https://voice.example.com'],
    ['https://voice.example.com/', 'https://voice.example.com'],
    ['https://example.com/voice/', 'https://example.com/voice'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
  ])('%s is taken as %s', (given, taken) => {
    expect(inspect({ ...DEVELOPER, PUBLIC_URL: given }).http?.publicUrl).toBe(taken);
  });

  test.each([
    'voice.example.com',
    'http://voice.example.com',
    'http://localhost.example.com',
    'wss://voice.example.com',
    'https://voice.example.com/?a=1',
    'https://me:secret@voice.example.com',
  ])('%s is refused', (given) => {
    expect(problems({ ...DEVELOPER, PUBLIC_URL: given })).toEqual([
      expect.stringMatching(/^PUBLIC_URL: must be an https URL/),
    ]);
  });
});

describe('Twilio', () => {
  test('unsigned requests are let in only when that is asked for and there is no token', () => {
    const { TWILIO_AUTH_TOKEN: _, ...without } = DEVELOPER;
    expect(inspect({ ...without, CALLBRIDGE_INSECURE: '1' }).twilio.insecure).toBe(true);
    expect(problems({ ...without, CALLBRIDGE_INSECURE: '1' })).toEqual([]);
    expect(inspect({ ...without, CALLBRIDGE_INSECURE: '1' }).warnings.map(asLine)).toEqual([
      'CALLBRIDGE_INSECURE: lets in anybody who finds the port: for tests on this machine alone',
    ]);
    expect(inspect(DEVELOPER).warnings).toEqual([]);
    expect(problems({ ...without, CALLBRIDGE_INSECURE: '0' })).toEqual([
      expect.stringMatching(/^TWILIO_AUTH_TOKEN: is missing/),
    ]);
    const both = inspect({ ...DEVELOPER, CALLBRIDGE_INSECURE: '1' });
    expect(both.twilio).toMatchObject({ authToken: '12345', insecure: false });
    expect(both.warnings.map(asLine)).toEqual(['CALLBRIDGE_INSECURE: has no effect, because TWILIO_AUTH_TOKEN is set']);
  });

  test('a wrong account SID or flag is refused, and a secret is never repeated in the report', () => {
    const lines = problems({
      ...DEVELOPER,
      TWILIO_ACCOUNT_SID: 'AC12',
      TWILIO_AUTH_TOKEN: 'hush hush',
      CALLBRIDGE_INSECURE: 'yes',
      GEMINI_API_KEY: 'hush\n',
    });
    expect(lines.map((line) => line.split(':')[0]).sort()).toEqual([
      'CALLBRIDGE_INSECURE',
      'GEMINI_API_KEY',
      'TWILIO_ACCOUNT_SID',
      'TWILIO_AUTH_TOKEN',
    ]);
    expect(lines.join()).not.toContain('hush');
  });
});

describe('the backend', () => {
  test('the Developer API takes either name of the key, and another endpoint', () => {
    const { GEMINI_API_KEY: _, ...without } = DEVELOPER;
    const env = { ...without, GOOGLE_API_KEY: 'key-2', GOOGLE_GEMINI_BASE_URL: 'http://localhost:9090/' };
    expect(inspect(env).backend).toEqual({ kind: 'developer', apiKey: 'key-2', baseUrl: 'http://localhost:9090' });
    const both = inspect({ ...DEVELOPER, GOOGLE_API_KEY: 'key-2' });
    expect(both.backend).toMatchObject({ apiKey: 'key-1' });
    expect(both.warnings.map(asLine)).toEqual([
      'GOOGLE_API_KEY: is not used, because GEMINI_API_KEY is set to another key',
    ]);
  });

  test('Vertex AI needs a project and a location', () => {
    expect(inspect(VERTEX).backend).toEqual({ kind: 'vertex', project: 'project-1', location: 'us-central1' });
    expect(problems({ ...VERTEX, GOOGLE_CLOUD_PROJECT: '', GOOGLE_CLOUD_LOCATION: '' })).toEqual([
      expect.stringMatching(/^GOOGLE_CLOUD_PROJECT: is missing/),
      expect.stringMatching(/^GOOGLE_CLOUD_LOCATION: is missing/),
    ]);
  });

  test("a service account's key must be there and be one, and may name the project", () => {
    const key = { type: 'service_account', client_email: 'a@b', private_key: '-----BEGIN PRIVATE KEY-----' };
    const cwd = givenFiles({
      'config/agents/sales.yaml': AGENT,
      'key.json': JSON.stringify({ ...key, project_id: 'project-2' }),
      'user.json': JSON.stringify({ ...key, type: 'authorized_user' }),
      'torn.json': '{',
    });
    const withKey = (path: string): Env => ({
      ...VERTEX,
      GOOGLE_CLOUD_PROJECT: '',
      GOOGLE_APPLICATION_CREDENTIALS: path,
    });
    expect(inspect(withKey('key.json'), cwd).backend).toMatchObject({
      project: 'project-2',
      credentialsFile: `${cwd}/key.json`,
    });
    for (const [path, complaint] of [
      ['none.json', 'cannot be read'],
      ['user.json', 'is not the key of a service account'],
      ['torn.json', 'is not the key of a service account'],
    ] as const) {
      expect(problems(withKey(path), cwd)[0]).toContain(`GOOGLE_APPLICATION_CREDENTIALS: ${path} ${complaint}`);
    }
  });
});

describe('the log level', () => {
  test.each([
    [{}, 'info'],
    [{ LOG_LEVEL: 'WARN' }, 'warn'],
    [{ LOG_LEVEL: 'warn', DEBUG: 'true' }, 'debug'],
    [{ LOG_LEVEL: 'warn', DEBUG: 'false' }, 'warn'],
    [{ DEBUG: 'koa:*' }, 'info'],
  ])('%j means %s', (env, level) => {
    expect(inspect({ ...DEVELOPER, ...env }).log.level).toBe(level);
  });

  test('an unknown level is refused', () => {
    expect(problems({ ...DEVELOPER, LOG_LEVEL: 'loud' })).toEqual([
      expect.stringMatching(/^LOG_LEVEL: must be one of/),
    ]);
  });
});
