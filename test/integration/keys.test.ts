/** A caller who enters a secret by the keys: a tool of the agent's gets it, and nobody else. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callScript, loadFixture } from '../../src/simulator/index.ts';
import { givenHttpService, json } from '../support/http-service.ts';
import { replay } from '../support/replay.ts';

const question = loadFixture(join(import.meta.dirname, '../../fixtures/calls/question'));
const PIN = '471182';

test('reaches the service that it is for, and neither model, journal, record nor log', async () => {
  const log: string[] = [];
  const service = await givenHttpService((_asked, response) => json(response, { valid: true }));
  const agent = `
default: true
instruction: Be kind.
greeting: Ask for the code.
keys: { secret: true, maxDigits: 6 }
toolHosts: [{ host: "127.0.0.1:${service.port}", private: true }]
tools:
  - kind: http
    name: check_code
    description: Checks the code that the caller has entered.
    method: POST
    url: http://127.0.0.1:${service.port}/codes
    body: { code: "{{caller.keys}}" }
    businessKey: "{{caller.keys}}"
    deadlineMs: 50000
`;
  const script = callScript.parse([
    { hear: 'agent' },
    { hearSilence: { ms: 600 }, withinMs: 20_000 },
    { press: `${PIN}#` },
    { hear: 'agent' },
    { hearSilence: { ms: 2_000 }, withinMs: 60_000 },
    { hangUp: true, withinMs: 1_000 },
  ]);
  const done = await replay(
    { ...question, phone: { ...question.phone, script } },
    {
      files: { 'agents/reception.yaml': agent },
      log: (line) => log.push(line),
      logLevel: 'trace',
      model: {
        turns: [
          { on: 'greeting', says: 'Your code, please.' },
          { on: 'digits', calls: [{ name: 'check_code' }] },
          { on: 'toolResult', says: 'Thank you, it is right.' },
        ],
      },
    },
  );
  expect(service.asked).toMatchObject([{ method: 'POST', body: JSON.stringify({ code: PIN }) }]);
  expect(done.record.digits).toBe('••••••#');
  expect(done.record.lines.map(({ text }) => text)).toEqual([
    'Your code, please.',
    '••••••#',
    'Thank you, it is right.',
  ]);
  expect(JSON.stringify([done.record, done.entries, done.live.sessions.map(({ events }) => events)])).not.toContain(
    PIN,
  );
  expect(log.join('')).toContain('tool call settled');
  // Nor one of the keys by itself.
  expect(log.join('')).not.toMatch(new RegExp(`${PIN}|"[${PIN}]"`));
  const texts = done.live.sessions[0]!.eventsOf('textReceived').map(({ text }) => text);
  expect(texts).toEqual([expect.anything(), expect.stringMatching(/pressed 6 keys/)]);
  expect(done.leftArmed).toBe(0);
});
