/** `needs` in an agent's file: what the environment must have for the agent to be there. */
import { expect, test } from 'vitest';
import { inspectConfig, loadWorkerConfig } from '../../../src/config/index.ts';
import { AGENT, asLine, DEVELOPER, givenFiles } from './given.ts';

const SALES = `answers: ["+15551230100"]
needs: [CRM_KEY]
instruction: Sell.
toolHosts: [crm.example.com]
tools:
  - kind: http
    name: find_guest
    description: Finds a guest.
    url: https://crm.example.com/guests
    headers: { authorization: "Bearer {{env.CRM_KEY}}" }
`;
const FILES = { 'config/agents/reception.yaml': AGENT, 'config/agents/sales.yaml': SALES };
const namesOf = ({ agents }: { readonly agents: readonly { readonly name: string }[] }) =>
  agents.map(({ name }) => name);

test('an agent is left out, and told of as no more than that, while a variable that it needs is not set', () => {
  const told = inspectConfig({ env: DEVELOPER, cwd: givenFiles(FILES) });
  expect([...told.problems, ...told.warnings]).toEqual([]);
  expect(told.leftOut.map(asLine)).toEqual([
    'config/agents/sales.yaml:2 needs: set CRM_KEY: until then this agent is left out',
  ]);
  expect(namesOf(told)).toEqual(['reception']);
});

test('it is there when all that it needs is set', () => {
  const told = inspectConfig({ env: { ...DEVELOPER, CRM_KEY: 'k' }, cwd: givenFiles(FILES) });
  expect([...told.problems, ...told.warnings, ...told.leftOut]).toEqual([]);
  expect(namesOf(told)).toEqual(['reception', 'sales']);
});

test('what it needs and does not say is refused at start, as ever', () => {
  const cwd = givenFiles({ 'config/agents/sales.yaml': SALES.replace('needs: [CRM_KEY]', 'needs: [OTHER]') });
  const { problems } = inspectConfig({ env: { ...DEVELOPER, OTHER: 'x' }, cwd });
  expect(problems.map(asLine)).toEqual([expect.stringContaining('CRM_KEY is not set')]);
});

test('a worker has it all the same: its calls were answered by a process that has what it needs', () => {
  const config = loadWorkerConfig({ env: { REDIS_URL: 'redis://localhost' }, cwd: givenFiles(FILES) });
  expect(namesOf(config)).toEqual(['reception', 'sales']);
  expect(config.leftOut).toEqual([]);
});

test('a worker leaves it out as well while it has not the secret by which its calls are told of', () => {
  const webhook = `afterwards: { webhook: { url: "https://crm.example.com/calls", secretEnv: CRM_SECRET } }\n`;
  const sales = SALES.replace('[CRM_KEY]', '[CRM_KEY, CRM_SECRET]') + webhook;
  const cwd = givenFiles({ ...FILES, 'config/agents/sales.yaml': sales });
  const env = { REDIS_URL: 'redis://localhost' };
  const config = loadWorkerConfig({ env, cwd });
  expect(namesOf(config)).toEqual(['reception']);
  expect(config.leftOut.map(asLine)).toEqual([
    'config/agents/sales.yaml:2 needs: set CRM_SECRET: until then this agent is left out',
  ]);
  const told = loadWorkerConfig({ env: { ...env, CRM_SECRET: `whsec_${'A'.repeat(32)}` }, cwd });
  expect(namesOf(told)).toEqual(['reception', 'sales']);
});

test('where nobody is left to answer, the start is refused', () => {
  const { problems } = inspectConfig({ env: DEVELOPER, cwd: givenFiles({ 'config/agents/sales.yaml': SALES }) });
  expect(problems.map(asLine)).toEqual(['config/agents: holds no agent that is not left out: set what they need']);
});
