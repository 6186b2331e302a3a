/** Values of an agent's file that are well formed, and refused for what would come of them. */
import { expect, test } from 'vitest';
import { DEVELOPER, problemsOf } from './given.ts';

test("a webhook's URL holds no user name and no password", () => {
  for (const login of ['user:opensesame@', 'opensesame@']) {
    const [problem, ...others] = problemsOf(
      `afterwards: { webhook: { url: "https://${login}crm.example.com", secretEnv: HOOK } }`,
      { ...DEVELOPER, HOOK: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
    );
    expect(others).toEqual([]);
    expect(problem).toContain('sales.yaml:3 afterwards.webhook.url: must not hold a user name or password');
    expect(problem).not.toContain('opensesame');
  }
});

test('no more of the caller is held than can still be answered in time', () => {
  expect(problemsOf('limits: { heldAudioMs: 20000 }')).toEqual([]);
  expect(problemsOf('limits: { heldAudioMs: 20001 }')).toEqual([
    'config/agents/sales.yaml:3 limits.heldAudioMs: must be at most 20000',
  ]);
});
