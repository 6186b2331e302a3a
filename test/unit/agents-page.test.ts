/** docs/agents.md: each example is a configuration that starts, with tools that can be had. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectToolboxes } from '../../src/cli/toolboxes.ts';
import { inspectConfig } from '../../src/config/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, PROJECT } from './config/given.ts';

const page = readFileSync(join(PROJECT, 'docs/agents.md'), 'utf8');
/** The files of the page in its order, by the path that stands behind the fence. */
const examples = [...page.matchAll(/^```\w+ (config\/\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, path = '', text = '']) => [path, text] as const,
);
const functions = Object.fromEntries(examples.filter(([path]) => path.startsWith('config/tools/')));

test('has examples', () => {
  expect(examples.map(([path]) => path)).toEqual([
    'config/agents/restaurant.yaml',
    'config/agents/restaurant.yaml',
    'config/tools/menu.mjs',
    'config/agents/restaurant.yaml',
    'config/agents/restaurant.yaml',
    'config/agents/restaurant.yaml',
    'config/agents/restaurant.yaml',
  ]);
});

test.each(
  examples
    .filter(([path]) => path.startsWith('config/agents/'))
    .map(([path, text], index) => [index + 1, path, text] as const),
)('example %i starts, and has the tools that it names', async (_index, path, text) => {
  // Beside the agent that is there already.
  const cwd = givenFiles({ 'config/agents/reception.yaml': AGENT, ...functions, [path]: text });
  const { problems, warnings, agents } = inspectConfig({ env: { ...DEVELOPER, RESERVATIONS_KEY: 'key' }, cwd });
  expect([...problems, ...warnings].map(asLine)).toEqual([]);
  const { tools, problems: missing } = await inspectToolboxes(agents, { clock: new ManualClock() });
  expect(missing).toEqual([]);
  const names = tools.get('restaurant')?.map(({ declaration }) => declaration.name);
  expect(names).toEqual([...text.matchAll(/\bname: ([a-z_]+)[,\n ]/g)].map(([, name]) => name));
});
