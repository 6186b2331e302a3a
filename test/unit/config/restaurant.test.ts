/** config/agents/restaurant.yaml: the agent by which a reader sees what an agent can have. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { inspectToolboxes } from '../../../src/cli/toolboxes.ts';
import { inspectConfig } from '../../../src/config/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { asLine, DEVELOPER, givenFiles, PROJECT } from './given.ts';

const text = readFileSync(join(PROJECT, 'config/agents/restaurant.yaml'), 'utf8');
const file = parse(text) as Record<string, unknown> & { tools: { kind: string; name: string }[] };

test('starts with the key of its service alone, without a warning, and has every tool that it names', async () => {
  const { problems, warnings, agents } = inspectConfig({
    env: { ...DEVELOPER, RESERVATIONS_KEY: 'key' },
    cwd: PROJECT,
  });
  expect([...problems, ...warnings].map(asLine)).toEqual([]);
  const { tools, problems: missing } = await inspectToolboxes(agents, { clock: new ManualClock() });
  expect(missing).toEqual([]);
  expect(tools.get('restaurant')?.map(({ declaration }) => declaration.name)).toEqual(
    file.tools.map(({ name }) => name),
  );
});

test('shows every kind of tool but those of MCP servers, and what there is for each part of a call', () => {
  expect(new Set(file.tools.map(({ kind }) => kind))).toEqual(
    new Set(['http', 'function', 'takeMessage', 'transferCall', 'endCall', 'sendDigits', 'voicemailDetected']),
  );
  expect(file).toMatchObject({
    notice: { say: expect.any(String) },
    turnTaking: { protect: ['announcements'] },
    keys: { interDigitMs: expect.any(Number) },
    idle: { askAfterSeconds: expect.any(Number), times: expect.any(Number) },
    limits: { callMinutes: expect.any(Number) },
    outbound: { machine: { leaveMessage: expect.stringContaining('{{vars.') } },
    afterwards: { formats: expect.arrayContaining(['json']), redact: {} },
  });
});

test('shows what needs credentials as it would stand there', () => {
  const { agents, problems } = inspectConfig({
    env: { ...DEVELOPER, RESERVATIONS_KEY: 'key', RESTAURANT_WEBHOOK_SECRET: `whsec_${'A'.repeat(32)}` },
    cwd: givenFiles({
      'config/tools/dishes.mjs': readFileSync(join(PROJECT, 'config/tools/dishes.mjs')),
      'config/agents/restaurant.yaml': text.replace(/^( +)# (?=(webhook|summary|extract|verdict| +\w+):)/gm, '$1'),
    }),
  });
  expect(problems.map(asLine)).toEqual([]);
  const { analysis, webhook } = agents.find(({ name }) => name === 'restaurant')?.afterwards ?? {};
  expect(Object.keys(analysis ?? {}).sort()).toEqual(['extract', 'model', 'summary', 'verdict']);
  expect(webhook).toBeDefined();
});
