/** A call survives the way through the TwiML. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callOf, parametersOf } from '../../../src/http/call-parameters.ts';

/** As an attribute of XML carries it: words with one space between. */
const text = fc.stringMatching(/^[!-~]([ -~]{0,200}[!-~])?$/).map((words) => words.replace(/ +/g, ' '));
const variables = fc.dictionary(fc.stringMatching(/^[A-Za-z]\w{0,39}$/), text, { maxKeys: 20, noNullPrototype: true });
const inbound = fc.record({
  callId: fc.constant('CA0123456789abcdef0123456789abcdef'),
  provider: fc.constant('twilio'),
  agent: text,
  from: fc.oneof(text, fc.constant('')),
  to: text,
  direction: fc.constant('inbound' as const),
  sipHeaders: fc.dictionary(fc.stringMatching(/^[A-Za-z-]{1,40}$/), text, { maxKeys: 16, noNullPrototype: true }),
});
const outbound = fc.record({
  variables,
  greeting: fc.option(text, { nil: undefined }),
  voice: fc.option(fc.stringMatching(/^\w{1,20}$/), { nil: undefined }),
  language: fc.option(fc.stringMatching(/^[a-z]{2}-[A-Z]{2}$/), { nil: undefined }),
});
const callStart = fc.record(
  {
    askedBy: fc.stringMatching(/^[a-z0-9-]{1,40}$/),
    variables,
    voice: fc.stringMatching(/^\w{1,20}$/),
    language: fc.stringMatching(/^[a-z]{2}-[A-Z]{2}$/),
  },
  { requiredKeys: ['askedBy', 'variables'], noNullPrototype: true },
);
const call = fc.oneof(
  inbound,
  // Others placed it, and led it here.
  inbound.map((call) => ({ ...call, direction: 'outbound' as const })),
  fc.record({ call: inbound, callStart }).map(({ call, callStart }) => ({ ...call, callStart })),
  fc.record({ call: inbound, outbound, callStart }).map(({ call, outbound, callStart }) => ({
    ...call,
    direction: 'outbound' as const,
    outbound,
    callStart,
  })),
  fc.record({ call: inbound, outbound }).map(({ call, outbound }) => ({
    ...call,
    direction: 'outbound' as const,
    outbound,
  })),
);

test('a call comes out of its parameters as it went in', () => {
  fc.assert(
    fc.property(call, (announced) => {
      expect(callOf(announced.callId, announced.provider, parametersOf(announced))).toEqual(announced);
    }),
  );
});

test('a call for which keys were pressed on the way to its stream says so', () => {
  const [announced] = fc.sample(call, { numRuns: 1, seed: 1 });
  const pressed = { ...announced!, keysPressed: true };
  expect(callOf(pressed.callId, pressed.provider, parametersOf(pressed))).toEqual(pressed);
});

test('white space in what a caller sends comes out as one space, as XML would have it', () => {
  const [announced] = fc.sample(call, { numRuns: 1, seed: 1 });
  const parameters = parametersOf({ ...announced!, sipHeaders: { note: 'one  two\t\n three' } });
  expect(callOf('CA1', 'twilio', parameters).sipHeaders).toEqual({ note: 'one two three' });
});

test('no SIP header can pose as a parameter of ours', () => {
  const [announced] = fc.sample(call, { numRuns: 1, seed: 1 });
  const parameters = parametersOf({ ...announced!, agent: 'front-desk', sipHeaders: { agent: 'other', token: 'x' } });
  expect(parameters).toMatchObject({ agent: 'front-desk', 'sip.agent': 'other', 'sip.token': 'x' });
  expect(parameters).not.toHaveProperty('token');
});

test('no variable of an outbound call can pose as a parameter of ours', () => {
  const [announced] = fc.sample(inbound, { numRuns: 1, seed: 1 });
  const variables = { agent: 'other', greeting: 'Boo.', voice: 'Puck', language: 'de-DE', ordered: 'no', token: 'x' };
  const parameters = parametersOf({
    ...announced!,
    agent: 'front-desk',
    direction: 'outbound',
    outbound: { variables },
  });
  expect(parameters).toMatchObject({ agent: 'front-desk', 'var.agent': 'other', 'var.token': 'x' });
  for (const name of ['greeting', 'voice', 'language']) expect(parameters).not.toHaveProperty(name);
  expect(callOf('CA1', 'twilio', parameters).outbound).toEqual({ variables });
});
