/** Copies what the project ships of its configuration, once for all tests: a checkout has a user's own agents beside it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

const ROOT = join(import.meta.dirname, '../..');
const FILES = [
  'agents/agent.schema.json',
  'agents/reception.yaml',
  'agents/restaurant.yaml',
  'tools/dishes.mjs',
  'models.yaml',
  'models.schema.json',
  'backends.example.yaml',
  'backends.schema.json',
];

declare module 'vitest' {
  export interface ProvidedContext {
    shipped: string;
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-shipped-'));
  for (const path of FILES) cpSync(join(ROOT, 'config', path), join(folder, 'config', path));
  project.provide('shipped', folder);
  return () => rmSync(folder, { recursive: true });
}
