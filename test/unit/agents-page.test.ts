/** docs/agents.md: each example is a configuration that starts, with tools that can be had. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectToolboxes } from '../../src/cli/toolboxes.ts';
import { inspectConfig } from '../../src/config/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { examplesOf } from '../support/page-examples.ts';
import { type Reservations, startReservations } from '../support/reservations.ts';
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
    'config/agents/mario.yaml',
  ]);
});

const ACCOUNT = { TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}` };
/** The page has its service running. */
let reservations: Reservations;
beforeAll(async () => {
  reservations = await startReservations();
});
afterAll(() => reservations.stop());

test.each(
  examples
    .filter(([path]) => path.startsWith('config/agents/'))
    .map(([path, text], index) => [index + 1, path, text] as const),
)('example %i starts, and has the tools that it names', async (_index, path, text) => {
  // Beside the agent that is there already.
  const { host } = new URL(reservations.url);
  const files = { ...functions, [path]: text.replaceAll('127.0.0.1:8091', host) };
  const cwd = givenFiles({ 'config/agents/reception.yaml': AGENT, ...files });
  const { problems, warnings, agents } = inspectConfig({
    env: { ...DEVELOPER, ...reservations.replayed.env, ...ACCOUNT },
    cwd,
  });
  expect([...problems, ...warnings].map(asLine)).toEqual([]);
  const { tools, problems: missing } = await inspectToolboxes(agents, { clock: new ManualClock() });
  expect(missing).toEqual([]);
  const names = tools.get('mario')?.map(({ declaration }) => declaration.name);
  expect(names).toEqual([...text.matchAll(/\bname: ([a-z_]+)[,\n ]/g)].map(([, name]) => name));
});
