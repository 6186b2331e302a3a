/** What an agent's file may say of who is asked about its calls. */
import { describe, expect, test } from 'vitest';
import { inspectConfig, loadWorkerConfig } from '../../../src/config/index.ts';
import { AGENT, asLine, DEVELOPER, givenFiles, problemsOf } from './given.ts';

describe('who is asked about a call that rings', () => {
  const callStart = 'callStart: { url: "https://crm.example.com/start", secretEnv: HOOK }';
  const HOOK = `whsec_${'QUJD'.repeat(8)}`;

  test('has two seconds, unless the file says otherwise', () => {
    const cwd = givenFiles({ 'config/agents/sales.yaml': `${AGENT}${callStart}\n` });
    const [agent] = inspectConfig({ env: { ...DEVELOPER, HOOK }, cwd }).agents;
    expect(agent?.callStart).toEqual({ url: 'https://crm.example.com/start', secret: HOOK, deadlineMs: 2_000 });
  });

  test('is signed for with a secret, which a worker does not need', () => {
    const [problem, ...others] = problemsOf(callStart, DEVELOPER);
    expect([problem, others]).toEqual([
      expect.stringMatching(/^config\/agents\/sales\.yaml:3 callStart\.secretEnv: HOOK is not set/),
      [],
    ]);
    const cwd = givenFiles({ 'config/agents/sales.yaml': `${AGENT}${callStart}\n` });
    const worker = loadWorkerConfig({ env: { REDIS_URL: 'redis://localhost:6379' }, cwd });
    expect(worker.agents[0]?.callStart).toBeUndefined();
  });

  test.each([
    ['deadlineMs: 2501', 'deadlineMs: must be at most 2500'],
    ['deadlineMs: 99', 'deadlineMs: must be at least 100'],
    ['url: "ftp://crm.example.com"', 'url: must be an http or https URL'],
    ['url: "https://a:b@crm.example.com"', 'url: must not hold a user name or password'],
  ])('is refused with %s', (key, complaint) => {
    const url = key.startsWith('url') ? '' : 'url: "https://crm.example.com", ';
    const [problem] = problemsOf(`callStart: { ${url}secretEnv: HOOK, ${key} }`, { ...DEVELOPER, HOOK });
    expect(problem).toContain(`callStart.${complaint}`);
  });

  test('is warned of, where the way there is not encrypted', () => {
    const cwd = givenFiles({
      'config/agents/sales.yaml': `${AGENT}callStart: { url: "http://crm.example.com", secretEnv: HOOK }\n`,
    });
    const { warnings } = inspectConfig({ env: { ...DEVELOPER, HOOK }, cwd });
    expect(warnings.map(asLine)).toEqual([expect.stringMatching(/callStart\.url: is an http URL to another network/)]);
  });
});
