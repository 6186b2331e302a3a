/** docs/agents.md: the recorded call that a reader writes for a function of their own comes out as the page says. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadFixture } from '../../src/simulator/index.ts';
import { examplesOf } from '../support/page-examples.ts';
import { replay } from '../support/replay.ts';

const ROOT = join(import.meta.dirname, '../..');

test('the call to the function is answered by it', async () => {
  const examples = examplesOf(readFileSync(join(ROOT, 'docs/agents.md'), 'utf8'));
  const at = examples.findIndex(([path]) => path.startsWith('fixtures/'));
  const [path = '', text = ''] = examples[at] ?? [];
  // What stands above it: the file of the function, and the agent that has it.
  const files = Object.fromEntries(examples.slice(at - 2, at).map(([file, of]) => [file.replace('config/', ''), of]));
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  cpSync(join(ROOT, 'fixtures/audio/caller-dish.wav'), join(folder, 'fixtures/audio/caller-dish.wav'));

  const fixture = loadFixture(dirname(join(folder, path)));
  const { record, result } = await replay(fixture, { files });
  expect(result.scriptFailure).toBeUndefined();
  expect(record.agent).toBe('mario');
  expect(record.outcome.kind).toBe(fixture.expect.outcome);
  expect(record.lines).toMatchObject(fixture.expect.lines);
  expect(record.toolCalls.map(({ name, answer }) => ({ name, ...answer }))).toMatchObject(
    fixture.expect.toolCalls.map(({ name, status, data }) => ({ name, status, data })),
  );
});
