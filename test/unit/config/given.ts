/** A configuration directory of the test's own, with the project's models.yaml unless the test brings another. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Env, inspectConfig, type Problem } from '../../../src/config/index.ts';

export const PROJECT = resolve(import.meta.dirname, '../../..');

/** What a service on the Developer API needs. */
export const DEVELOPER: Env = {
  PUBLIC_URL: 'https://voice.example.com',
  TWILIO_AUTH_TOKEN: '12345',
  GEMINI_API_KEY: 'key-1',
};

/** What a service on Vertex AI needs. */
export const VERTEX: Env = {
  PUBLIC_URL: 'https://voice.example.com',
  TWILIO_AUTH_TOKEN: '12345',
  GOOGLE_GENAI_USE_VERTEXAI: 'true',
  GOOGLE_CLOUD_PROJECT: 'project-1',
  GOOGLE_CLOUD_LOCATION: 'us-central1',
};

export const AGENT = 'default: true\ninstruction: Be kind.\n';

/** Files by path below the working directory, which is returned and removed with the test. */
export function givenFiles(files: Readonly<Record<string, string | Uint8Array>>): string {
  const cwd = mkdtempSync(join(tmpdir(), 'callbridge-config-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  mkdirSync(join(cwd, 'config/agents'), { recursive: true });
  cpSync(join(PROJECT, 'config/models.yaml'), join(cwd, 'config/models.yaml'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), content);
  }
  return cwd;
}

/** The problems, as lines, of one agent file `sales.yaml` that is in order but for `yaml`. */
export function problemsOf(yaml: string, env: Env = DEVELOPER): string[] {
  const cwd = givenFiles({ 'config/agents/sales.yaml': AGENT + yaml });
  return inspectConfig({ env, cwd }).problems.map(asLine);
}

export function asLine({ place, message }: Problem): string {
  return `${place}: ${message}`;
}
