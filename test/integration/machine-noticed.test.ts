/** A machine that the agent itself notices, by the tool for that, where nobody has Twilio listen for one. */
import { expect, test } from 'vitest';
import { type ScenarioInput, voicemail } from '../../src/simulator/index.ts';
import { ADA, givenOutbound } from '../support/outbound.ts';

const MESSAGE = 'Please call us back about your appointment.';
const GREETS: NonNullable<ScenarioInput['turns']>[number] = {
  on: 'speech',
  hears: 'You have reached Ada.',
  calls: [{ name: 'voicemail_detected' }],
};
const callees = { [ADA]: voicemail({ toneHz: 600, lengthMs: 3_000, dbov: -20 }, 1_000) };

test('is hung up on, and the record says that the agent has noticed it', async () => {
  const given = await givenOutbound({
    agent: 'tools: [{ kind: voicemailDetected }]\n',
    model: { turns: [GREETS] },
    callees,
  });
  await given.place({});
  expect((await given.ended()).end).toEqual({ how: 'serviceHungUp' });
  const { outcome, toolCalls } = await given.record();
  expect(outcome).toEqual({ kind: 'completed', by: 'machine' });
  expect(toolCalls).toMatchObject([{ name: 'voicemail_detected', answer: { status: 'ok' } }]);
});

test('is left its message, heard to the end, where there is one', async () => {
  const given = await givenOutbound({
    agent: `tools: [{ kind: endCall }, { kind: voicemailDetected, message: "Please call us back about your {{vars.what}}." }]\n`,
    model: {
      turns: [
        GREETS,
        { on: 'toolResult', says: MESSAGE, calls: [{ name: 'end_call' }] },
        // It was told to say nothing more.
        { on: 'toolResult' },
      ],
    },
    callees,
  });
  await given.place({ variables: { what: 'appointment' } });
  expect((await given.ended()).end).toEqual({ how: 'serviceHungUp' });
  const { outcome, toolCalls, lines } = await given.record();
  expect(outcome).toEqual({ kind: 'completed', by: 'agent' });
  expect(toolCalls.map(({ name, answer }) => [name, answer?.['status']])).toEqual([
    ['voicemail_detected', 'ok'],
    ['end_call', 'ok'],
  ]);
  expect(toolCalls[0]?.answer?.['message']).toContain(`"${MESSAGE}"`);
  expect(lines.at(-1)).toMatchObject({ speaker: 'agent', heardText: MESSAGE, cut: false });
});
