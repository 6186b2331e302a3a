import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { inspectConfig } from '../../../src/config/index.ts';
import { SHIPPED } from '../../support/shipped.ts';
import { asLine, PROJECT } from './given.ts';

const example = parseEnv(readFileSync(join(PROJECT, '.env.example'), 'utf8'));

test('.env.example needs only the secrets to be filled in', () => {
  const problems = (env: Record<string, string | undefined>) =>
    inspectConfig({ env, cwd: SHIPPED }).problems.map(asLine);
  expect(problems(example).map((line) => line.split(':')[0])).toEqual(['TWILIO_AUTH_TOKEN', 'GEMINI_API_KEY']);
  expect(problems({ ...example, TWILIO_AUTH_TOKEN: 'token-1', GEMINI_API_KEY: 'key-1' })).toEqual([]);
});

test('.env.example names every variable that the configuration reads, and no other', () => {
  const read = new Set<string>();
  const spy = (env: Record<string, string>) =>
    new Proxy(env, {
      get(target, name: string) {
        read.add(name);
        return target[name];
      },
    });
  inspectConfig({ env: spy({}), cwd: SHIPPED });
  inspectConfig({ env: spy({ GOOGLE_GENAI_USE_VERTEXAI: '1' }), cwd: SHIPPED });
  expect([...read].sort()).toEqual(Object.keys(example).sort());
});

test('.env.example shows the values that hold without it', () => {
  const secrets = { PUBLIC_URL: example['PUBLIC_URL'], TWILIO_AUTH_TOKEN: 'token-1', GEMINI_API_KEY: 'key-1' };
  expect(inspectConfig({ env: { ...example, ...secrets }, cwd: SHIPPED })).toEqual(
    inspectConfig({ env: secrets, cwd: SHIPPED }),
  );
});
