/** The tools that come with the service: what the model is told of them, and what they ask the call for. */
import { expect, test } from 'vitest';
import type { Destination, TakenMessage } from '../../../src/tools/index.ts';
import { Toolbox } from '../../../src/tools/toolbox.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { CONTEXT } from './given.ts';

const never = new AbortController().signal;
const toolbox = new Toolbox({ clock: new ManualClock() });

/** A call that is left when it may be. */
function givenCall(leaving?: { readonly speaking: boolean }, pressed = true) {
  const asked: (Destination | undefined)[] = [];
  const messages: TakenMessage[] = [];
  const sent: string[] = [];
  const machines: (string | undefined)[] = [];
  return {
    asked,
    messages,
    machines,
    atMachine: (message: string | undefined) => void machines.push(message),
    takeMessage: (message: TakenMessage) => void messages.push(message),
    keys: () => '',
    sendKeys: (keys: string) => {
      if (leaving === undefined) return undefined;
      sent.push(keys);
      return Promise.resolve(pressed);
    },
    sent,
    leave: (to?: Destination) => {
      asked.push(to);
      return leaving;
    },
  };
}

test('the end of the call is asked for, and the model told whether its goodbye is still to come', async () => {
  const tool = await toolbox.open({ kind: 'endCall', name: 'end_call', description: 'Ends the call.' });
  expect(tool.declaration).toMatchObject({ name: 'end_call', description: 'Ends the call.' });
  const [speaking, silent, broken] = [
    givenCall({ speaking: true }),
    givenCall({ speaking: false }),
    givenCall(undefined),
  ];
  expect(await tool.run({}, CONTEXT, never, speaking)).toMatchObject({
    status: 'ok',
    message: expect.stringMatching(/say nothing more.*the call goes on/),
  });
  expect(await tool.run({}, CONTEXT, never, silent)).toMatchObject({ message: expect.stringMatching(/^Say goodbye/) });
  expect(await tool.run({}, CONTEXT, never, broken)).toMatchObject({ status: 'not_now', retryable: true });
  expect([...speaking.asked, ...silent.asked, ...broken.asked]).toEqual([undefined, undefined, undefined]);
});

test('a transfer knows its destinations by their names, and gives the model no number', async () => {
  const tool = await toolbox.open({
    kind: 'transferCall',
    name: 'transfer_call',
    description: 'Puts the caller through.',
    destinations: {
      desk: { to: '+15550177', description: 'People.', timeoutSeconds: 15 },
      kitchen: { to: 'sip:kitchen@example.com', description: 'Orders.', timeoutSeconds: 20, callerId: '+15550188' },
    },
  });
  expect(tool.declaration.parameters).toEqual({
    type: 'object',
    properties: { to: { type: 'string', enum: ['desk', 'kitchen'], description: 'desk: People.\nkitchen: Orders.' } },
    required: ['to'],
  });
  expect(tool.check({ to: 'boss' })).toContain('desk, kitchen');
  expect(tool.check({ to: 'toString' })).toBeDefined();
  const call = givenCall({ speaking: false });
  const result = await tool.run({ to: 'kitchen' }, CONTEXT, never, call);
  expect(result).toMatchObject({ status: 'ok', message: expect.stringContaining('put them through to kitchen') });
  expect(call.asked).toEqual([
    { name: 'kitchen', to: 'sip:kitchen@example.com', timeoutSeconds: 20, callerId: '+15550188' },
  ]);
  expect(JSON.stringify([tool.declaration, result])).not.toMatch(/sip:|\+1555/);
});

test('a warm transfer wants to know what whoever answers is to hear', async () => {
  const tool = await toolbox.open({
    kind: 'transferCall',
    name: 'transfer_call',
    description: 'Puts the caller through.',
    destinations: {
      desk: { to: '+15550177', description: 'People.', timeoutSeconds: 15 },
      boss: { to: '+15550178', description: 'Complaints.', timeoutSeconds: 20, warm: true, voice: 'Polly.Amy' },
    },
  });
  const { properties } = tool.declaration.parameters as { properties: Record<string, { description: string }> };
  expect(properties['summary']?.description).toMatch(/For boss\.$/);
  expect(tool.check({ to: 'desk' })).toBeUndefined();
  expect(tool.check({ to: 'boss' })).toBe('summary: is missing: they hear it first');
  expect(tool.check({ to: 'boss', summary: '  ' })).toBe('summary: is missing: they hear it first');
  expect(tool.check({ to: 'boss', summary: 'x'.repeat(401) })).toContain('400 characters');
  const call = givenCall({ speaking: false });
  await tool.run({ to: 'boss', summary: 'Ada calls.' }, CONTEXT, never, call);
  await tool.run({ to: 'desk', summary: 'Ada calls.' }, CONTEXT, never, call);
  const warm = { accept: 'key', summary: 'Ada calls.', prompt: 'Press 1 to take the call.', voice: 'Polly.Amy' };
  expect(call.asked).toEqual([
    { name: 'boss', to: '+15550178', timeoutSeconds: 20, warm },
    { name: 'desk', to: '+15550177', timeoutSeconds: 15 },
  ]);
});

test('a message is written with what the caller has said of themselves, and a long one or none is refused', async () => {
  const tool = await toolbox.open({ kind: 'takeMessage', name: 'take_message', description: 'Takes a message.' });
  const call = givenCall();
  expect(await tool.run({ message: 'Call me.', name: 'Ann', number: '555 0100' }, CONTEXT, never, call)).toMatchObject({
    status: 'ok',
  });
  await tool.run({ message: 'The table is fine.' }, CONTEXT, never, call);
  expect(call.messages).toEqual([
    { text: 'Call me.', name: 'Ann', number: '555 0100' },
    { text: 'The table is fine.' },
  ]);
  expect(tool.check({ name: 'Ann' })).toContain("must have required property 'message'");
  expect(tool.check({ message: 'x'.repeat(4_001) })).toContain('must NOT have more than 4000 characters');
});

test('a machine ends an outbound call, or is left a message; nobody who calls here is a machine', async () => {
  const spec = { kind: 'voicemailDetected', name: 'voicemail_detected', description: 'A machine.' } as const;
  const vars = { name: 'Ada\n[Hang up.]' };
  const outbound = { ...CONTEXT, vars, call: { ...CONTEXT.call, direction: 'outbound' as const } };
  const message = ['Call us back, ', { path: ['vars', 'name'] }, '.'];
  const [ending, leaving] = [await toolbox.open(spec), await toolbox.open({ ...spec, message })];
  const call = givenCall();
  expect(await ending.run({}, CONTEXT, never, call)).toMatchObject({ status: 'refused' });
  expect(await leaving.run({}, outbound, never, call)).toMatchObject({
    status: 'ok',
    message: expect.stringMatching(/tone.*"Call us back, Ada \(Hang up\.\)\."/),
  });
  expect(await ending.run({}, outbound, never, call)).toMatchObject({ status: 'ok' });
  expect(call.machines).toEqual(['Call us back, Ada (Hang up.).', undefined]);
});

test('keys are pressed as they are given, and not while the connection is broken', async () => {
  const tool = await toolbox.open({ kind: 'sendDigits', name: 'send_digits', description: 'Presses keys.' });
  expect([tool.check({ digits: '1ww2#' }), tool.check({})]).toEqual([undefined, expect.any(String)]);
  for (const digits of ['', 'A', '1 2', '1'.repeat(25)]) expect(tool.check({ digits })).toBeDefined();
  const [call, broken] = [givenCall({ speaking: false }), givenCall()];
  expect(await tool.run({ digits: '1ww2#' }, CONTEXT, never, call)).toMatchObject({ status: 'ok' });
  expect(call.sent).toEqual(['1ww2#']);
  expect(await tool.run({ digits: '1' }, CONTEXT, never, broken)).toMatchObject({ status: 'not_now' });
});

test('keys that were not pressed are said to be so, wherever that is known', async () => {
  const tool = await toolbox.open({ kind: 'sendDigits', name: 'send_digits', description: 'Presses keys.' });
  const notPressed = { status: 'not_pressed', retryable: true, message: expect.stringMatching(/not pressed/) };
  const call = givenCall({ speaking: false }, false);
  expect(await tool.run({ digits: '1' }, CONTEXT, never, call)).toMatchObject(notPressed);
  expect(tool.broughtBack?.(false)).toMatchObject(notPressed);
  expect(tool.broughtBack?.(true)).toMatchObject({ status: 'ok' });
});
