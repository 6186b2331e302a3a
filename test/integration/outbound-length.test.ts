/** How long Twilio is to let a call go on that was placed, should everybody forget it. */
import { expect, test } from 'vitest';
import { nobody } from '../../src/simulator/index.ts';
import { ADA, givenOutbound } from '../support/outbound.ts';

test.each([
  ['a minute after its own limit', '', 31 * 60],
  [
    'when Twilio ends any, where its caller may be put through and talk on',
    'tools: [{ kind: transferCall, destinations: { desk: { to: "+15550188", description: People. } } }]\n',
    4 * 60 * 60,
  ],
  [
    'no earlier, where another agent may be chosen, with its limit',
    'callStart: { url: "https://crm.example/start", secretEnv: HOOK }\n',
    4 * 60 * 60,
  ],
])('a call that was forgotten is ended by Twilio %s', async (_when, agent, seconds) => {
  const HOOK = `whsec_${Buffer.alloc(32).toString('base64')}`;
  const given = await givenOutbound({ agent, env: { HOOK }, callees: { [ADA]: nobody('busy') } });
  await given.place({});
  expect(given.twilio.requests[0]!.form['TimeLimit']).toBe(String(seconds));
});
