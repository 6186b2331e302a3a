import { expect, test } from 'vitest';
import { models } from '../../../src/cli/models.ts';
import { SHIPPED } from '../../support/shipped.ts';

test('the catalogue is printed as tables that tell what an agent may name', () => {
  const lines: string[] = [];
  models({ out: (line) => lines.push(line) }, { env: {}, cwd: SHIPPED });
  const line = (start: string) => lines.find((each) => each.startsWith(start))?.replaceAll(/ {2,}/g, ' | ');
  expect(line('gemini-3.8-live ')).toBe(
    'gemini-3.8-live | current | developer, vertex | 131072 | googleSearch, functionCalling',
  );
  expect(line('gemini-3.8-live-extended-thinking')).toContain('thinking: low medium high');
  expect(line('gemini-2.0-flash-live-001')).toContain('shut down 2025-12-09 → gemini-3.8-live');
  expect(line('gemini-3.5-transcribe-live')).toContain('current, for transcription only');
  expect(line('Kore')).toBe('Kore (Firm) | Fenrir (Excitable) | Leda (Youthful)');
  expect(line('Vertex AI:')).toContain('en-US');
  // The columns stand under each other.
  const head = lines[0]!.indexOf('TOKENS');
  expect(lines.filter((each) => each.startsWith('gemini-')).map((each) => each[head - 1])).not.toContain(undefined);
  expect(lines.find((each) => each.startsWith('gemini-3.8-live '))!.slice(head)).toMatch(/^131072 /);
});
