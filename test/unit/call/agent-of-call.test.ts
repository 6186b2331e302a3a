/** Who speaks in a call that somebody was asked about, and how. */
import { expect, test } from 'vitest';
import { agentOf } from '../../../src/call/agent-of-call.ts';
import type { CallAgent, RingingCall } from '../../../src/call/index.ts';
import { factsOf, ringingOf } from '../../../src/call/ringing-call.ts';
import { inspectConfig } from '../../../src/config/index.ts';
import { callFactsSchema } from '../../../src/transcript/index.ts';
import { SHIPPED } from '../../support/shipped.ts';
import { DEVELOPER } from '../config/given.ts';

const [configured] = inspectConfig({ env: DEVELOPER, cwd: SHIPPED }).agents;
const agent = (name: string, more: Partial<CallAgent>): CallAgent => ({
  ...configured!,
  name,
  credentials: [],
  outbound: {},
  live: { ...configured!.live, voice: 'Aoede', language: 'en-US' },
  ...more,
});
const words = (text: string) => [text, { path: ['vars', 'name'] }];
const agents: Readonly<Record<string, CallAgent>> = {
  front: agent('front', {
    outbound: { machine: 'leaveMessage' },
    wording: { instruction: words('Front for '), message: words('Message for ') },
  }),
  sales: agent('sales', {
    outbound: { machine: 'hangUp' },
    live: { ...configured!.live, voice: 'Charon', language: undefined },
    wording: { instruction: words('Sales for '), greeting: words('Hello ') },
  }),
};
const call = (more: Partial<RingingCall>): RingingCall => ({
  callId: 'CA1',
  provider: 'twilio',
  agent: 'front',
  from: '+15550199',
  to: '+15550100',
  direction: 'outbound',
  sipHeaders: {},
  outbound: { variables: { name: 'Ada', kept: 'yes' } },
  ...more,
});
const spoken = (more: Partial<RingingCall>): CallAgent | undefined => agentOf(call(more), (name) => agents[name]);

test('nobody was asked: the agent is as its file says', () => {
  expect(spoken({})).toMatchObject({ live: { instruction: 'Front for Ada', voice: 'Aoede', language: 'en-US' } });
});

test('voice and language that the call was placed with go before those of the file, one by one', () => {
  const outbound = { variables: {}, voice: 'Kore', language: 'de-DE' };
  expect(spoken({ outbound })).toMatchObject({ live: { voice: 'Kore', language: 'de-DE' } });
  expect(spoken({ outbound: { variables: {}, voice: 'Kore' } })?.live).toMatchObject({
    voice: 'Kore',
    language: 'en-US',
  });
});

test('those that were answered go before those that the call was placed with, also where another agent was chosen', () => {
  const outbound = { variables: {}, voice: 'Kore', language: 'de-DE' };
  const callStart = { askedBy: 'front', variables: {}, voice: 'Puck' };
  expect(spoken({ outbound, callStart })).toMatchObject({ live: { voice: 'Puck', language: 'de-DE' } });
  expect(spoken({ agent: 'sales', outbound, callStart })).toMatchObject({
    name: 'sales',
    live: { voice: 'Puck', language: 'de-DE' },
  });
});

test('one whose call another process takes up speaks as before', () => {
  const ringing = call({ outbound: { variables: {}, greeting: 'Hi.', voice: 'Kore', language: 'de-DE' } });
  const facts = factsOf(ringing, spoken(ringing)!);
  expect(facts.voice).toBe('Kore');
  const takenUp = ringingOf(callFactsSchema.parse(JSON.parse(JSON.stringify(facts))));
  expect(spoken(takenUp)).toMatchObject({ greeting: 'Hi.', live: { voice: 'Kore', language: 'de-DE' } });
});

test('what was answered goes before what the call was placed with', () => {
  const callStart = { askedBy: 'front', variables: { name: 'Bob' }, voice: 'Puck' };
  expect(spoken({ callStart })).toMatchObject({
    message: 'Message for Bob',
    live: { instruction: 'Front for Bob', voice: 'Puck', language: 'en-US' },
  });
});

test('another agent has its own voice and words; what is done about machines was settled when the call was placed', () => {
  const chosen = spoken({ agent: 'sales', callStart: { askedBy: 'front', variables: { name: 'Bob' } } });
  expect(chosen).toMatchObject({
    name: 'sales',
    greeting: 'Hello Bob',
    message: 'Message for Bob',
    outbound: { machine: 'leaveMessage' },
    live: { instruction: 'Sales for Bob', voice: 'Charon' },
  });
  expect(chosen?.live.language).toBeUndefined();
});

test('one that asked and is there no more takes nothing away', () => {
  expect(spoken({ agent: 'sales', callStart: { askedBy: 'gone', variables: {} } })).toMatchObject({ name: 'sales' });
  expect(spoken({ agent: 'nobody' })).toBeUndefined();
});
