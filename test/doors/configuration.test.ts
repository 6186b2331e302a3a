/** The operator's door: whatever files and variables say, all of it is judged, nothing is thrown, and no secret is repeated. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectConfig, loadConfig, loadWorkerConfig } from '../../src/config/index.ts';
import { Failure } from '../../src/lib/index.ts';
import { hostileText, tamperedWith } from './hostile.ts';

const CONFIG = join(import.meta.dirname, '../../config');
const MODELS = readFileSync(join(CONFIG, 'models.yaml'), 'utf8').split('\n');
const AGENT = readFileSync(join(CONFIG, 'agents/reception.yaml'), 'utf8').split('\n');

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'callbridge-doors-'));
  mkdirSync(join(cwd, 'config/agents'), { recursive: true });
});
afterAll(() => rmSync(cwd, { recursive: true }));

const given = (agent: string, models: string): void => {
  writeFileSync(join(cwd, 'config/agents/reception.yaml'), agent);
  writeFileSync(join(cwd, 'config/models.yaml'), models);
};

/** YAML's own ways to be more than it seems. */
const hostileYaml = fc.constantFrom(
  'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d]',
  'a: &a\n  b: *a',
  '<<: {default: true}\ninstruction: x',
  'instruction: !!js/function "function(){}"',
  'instruction: !!binary "AAAA"',
  '__proto__: {default: true}\ninstruction: x',
  'default: true\ndefault: true',
  '? [a, b]\n: c',
  '--- a\n--- b',
  `${'- '.repeat(500)}a`,
  `a: ${'['.repeat(500)}${']'.repeat(500)}`,
  '\ufeffdefault: true',
  '',
  '\0',
);

const SETTINGS = { PUBLIC_URL: 'https://voice.example.com', TWILIO_AUTH_TOKEN: 'token-1', GEMINI_API_KEY: 'key-1' };

test('any agent file and any models file is judged, and nothing is thrown', () => {
  const file = (lines: readonly string[]) =>
    fc.oneof(
      { weight: 3, arbitrary: tamperedWith(lines).map((changed) => changed.join('\n')) },
      { weight: 1, arbitrary: hostileYaml },
      { weight: 1, arbitrary: hostileText },
    );
  fc.assert(
    fc.property(
      fc.oneof(file(AGENT), fc.constant(AGENT.join('\n'))),
      fc.option(file(MODELS), { freq: 3 }),
      (agent, models) => {
        given(agent, models ?? MODELS.join('\n'));
        const { problems, agents } = inspectConfig({ env: SETTINGS, cwd });
        if (problems.length === 0) expect(agents).toHaveLength(1);
        expect(Object.keys(Object.prototype)).toEqual([]);
      },
    ),
    { numRuns: 100 },
  );
});

const SECRETS = ['TWILIO_AUTH_TOKEN', 'GEMINI_API_KEY', 'GOOGLE_API_KEY', 'REDIS_URL'];
const OTHERS = [
  ...['PUBLIC_URL', 'PORT', 'HOST', 'LOG_LEVEL', 'DEBUG', 'CALLBRIDGE_INSECURE', 'TWILIO_ACCOUNT_SID'],
  ...['GOOGLE_GENAI_USE_VERTEXAI', 'GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION', 'GOOGLE_APPLICATION_CREDENTIALS'],
  ...['GOOGLE_GEMINI_BASE_URL', 'GOOGLE_VERTEX_BASE_URL'],
];

test('any environment is judged as a whole: a configuration, or CONFIG_INVALID that repeats no secret', () => {
  given(AGENT.join('\n'), MODELS.join('\n'));
  // An environment variable holds no NUL.
  const value = fc.oneof(fc.string({ unit: 'binary' }), hostileText).map((text) => text.replaceAll('\0', ''));
  // Wrong in each way that a copied secret can be: with a blank, a line end, quotes, or as no URL.
  const secret = fc
    .tuple(
      fc.constantFrom('', ' ', '\n', '"', 'redis://:', 'http://user:'),
      fc.constantFrom('', ' ', '\n', '@host', '@host:x'),
    )
    .map(([before, after]) => `${before}hush-hush-4711${after}`);
  const env = fc.record(
    Object.fromEntries([
      ...SECRETS.map((name) => [name, fc.oneof(secret, fc.constant('right-hush-hush-4711'))]),
      ...OTHERS.map((name) => [name, value]),
    ]),
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(env, (given) => {
      for (const load of [loadConfig, loadWorkerConfig]) {
        try {
          load({ env: { ...SETTINGS, ...given }, cwd });
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
          expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
          expect(String(error)).not.toContain('hush-hush');
        }
      }
    }),
    { numRuns: 100 },
  );
});
