/** A call in which the model uses tools of the agent's file, against a real service on this machine. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { givenHttpService, json } from '../support/http-service.ts';
import { replay } from '../support/replay.ts';

const fixture = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));

const agentWith = (tools: string): Record<string, string> => ({
  'agents/reception.yaml': `default: true\ninstruction: Be kind.\ngreeting: Greet the caller.\n${tools}`,
});

const httpTool = (port: number): string => `
toolHosts: [{ host: "127.0.0.1:${port}", private: true }]
tools:
  - kind: http
    name: find_table
    description: Looks for a free table.
    parameters: { type: object, properties: { day: { type: string } }, required: [day] }
    method: POST
    url: http://127.0.0.1:${port}/tables/{{args.day}}
    headers: { authorization: "Bearer {{env.TABLES_KEY}}" }
    body: { caller: "{{caller.number}}" }
    pick: table
    deadlineMs: 50000
`;

const model = (calls: NonNullable<NonNullable<ScenarioInput['turns']>[number]['calls']>): ScenarioInput => ({
  turns: [
    { on: 'greeting', says: 'Good evening.', sound: { toneHz: 440, lengthMs: 1_000 } },
    { on: 'speech', hears: 'A table, please.', says: 'Let me see.', sound: { toneHz: 550, lengthMs: 800 }, calls },
    { on: 'toolResult', says: 'Table seven is yours.', sound: { toneHz: 660, lengthMs: 1_000 } },
  ],
});

test('an HTTP tool of the agent is run with what the model gave, and the caller hears what came of it', async () => {
  const service = await givenHttpService((_asked, response) => json(response, { table: 7, internal: 'x' }));
  const { record, live, leftArmed } = await replay(fixture, {
    files: agentWith(httpTool(service.port)),
    env: { TABLES_KEY: 's3cret' },
    model: model([{ name: 'find_table', args: { day: 'Friday' } }]),
  });
  expect(service.asked).toMatchObject([
    {
      method: 'POST',
      url: '/tables/Friday',
      headers: { authorization: 'Bearer s3cret' },
      body: '{"caller":"+15550100"}',
    },
  ]);
  const answer = { status: 'ok', retryable: false, message: 'Done.', data: 7 };
  expect(record.toolCalls).toMatchObject([{ name: 'find_table', args: { day: 'Friday' }, answer }]);
  expect(live.sessions[0]?.eventsOf('toolAnswered')).toMatchObject([
    { accepted: true, answer: { name: 'find_table', response: answer } },
  ]);
  // What was said beside the call of the tool is heard as well.
  expect(record.lines.map(({ heardText }) => heardText)).toEqual([
    'Good evening.',
    'A table, please.',
    'Let me see.',
    'Table seven is yours.',
  ]);
  expect(JSON.stringify(record)).not.toContain('s3cret');
  expect(leftArmed).toBe(0);
});
