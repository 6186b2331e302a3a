import { expect, test } from 'vitest';
import { agentFor, loadConfig } from '../../../src/config/index.ts';
import { AGENT, DEVELOPER, givenFiles } from './given.ts';

const files = {
  'config/agents/number.yaml': 'instruction: A.\nanswers: ["+15551230100"]\n',
  'config/agents/address.yaml':
    'instruction: B.\nanswers: ["sip:desk@example.com", "sip:+15551230100@special.example.com"]\n',
};

test.each([
  ['+15551230100', 'number'],
  ['sip:desk@example.com', 'address'],
  ['sip:desk@EXAMPLE.com:5060;transport=tls', 'address'],
  ['sips:desk@example.com?Subject=hello', 'address'],
  ['sip:desk:secret@example.com', 'address'],
  ['sip:+15551230100@trunk.example.com;user=phone', 'number'],
  ['sip:%2B15551230100@[2001:db8::1]:5060', 'number'],
  ['sip:+15551230100;phone-context=x@trunk.example.com', 'number'],
  ['sip:+15551230100@special.example.com', 'address'],
  ['sip:Desk@example.com', 'fallback'],
  ['+15551230101', 'fallback'],
  ['sip:%zz@example.com', 'fallback'],
  ['', 'fallback'],
])('a call to %s is answered by %s', (to, name) => {
  const cwd = givenFiles({ ...files, 'config/agents/fallback.yaml': AGENT });
  expect(agentFor(loadConfig({ env: DEVELOPER, cwd }), to)?.name).toBe(name);
});

test('without a default agent an unknown number has nobody', () => {
  const config = loadConfig({ env: DEVELOPER, cwd: givenFiles(files) });
  expect(agentFor(config, '+15551230100')?.name).toBe('number');
  expect(agentFor(config, '+15551230101')).toBeUndefined();
});
