/** docs/agents.md: each example is a configuration that starts, with tools that can be had. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectToolboxes } from '../../src/cli/toolboxes.ts';
import { inspectConfig } from '../../src/config/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { examplesOf } from '../support/page-examples.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, PROJECT } from './config/given.ts';

const page = readFileSync(join(PROJECT, 'docs/agents.md'), 'utf8');
const examples = examplesOf(page);
const functions = Object.fromEntries(examples.filter(([path]) => path.startsWith('config/tools/')));

test('has examples', () => {
  expect(examples.map(([path]) => path)).toEqual([
    'config/agents/mario.yaml',
    'config/agents/mario.yaml',
    'config/tools/menu.mjs',
    'config/agents/mario.yaml',
    'fixtures/calls/menu/call.yaml',
    'config/agents/mario.yaml',
    'config/agents/mario.yaml',
    'config/agents/mario.yaml',
    'config/agents/mario.yaml',
    'config/agents/mario.yaml',
    'config/agents/mario.yaml',
    'config/agents/mario.yaml',
  ]);
});

const ENV = { ...DEVELOPER, RESERVATIONS_KEY: 'key', TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}` };

test.each(
  examples
    .filter(([path]) => path.startsWith('config/agents/'))
    .map(([path, text], index) => [index + 1, path, text] as const),
)('example %i starts, and has the tools that it names', async (_index, path, text) => {
  // Beside the agent that is there already.
  const cwd = givenFiles({ 'config/agents/reception.yaml': AGENT, ...functions, [path]: text });
  const { problems, warnings, agents } = inspectConfig({ env: ENV, cwd });
  expect([...problems, ...warnings].map(asLine)).toEqual([]);
  const { tools, problems: missing } = await inspectToolboxes(agents, { clock: new ManualClock() });
  expect(missing).toEqual([]);
  const names = tools.get('mario')?.map(({ declaration }) => declaration.name);
  expect(names).toEqual([...text.matchAll(/\bname: ([a-z_]+)[,\n ]/g)].map(([, name]) => name));
});
