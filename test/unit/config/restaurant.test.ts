/** config/agents/restaurant.yaml: the agent by which a reader sees what an agent can have. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { inspectToolboxes } from '../../../src/cli/toolboxes.ts';
import { inspectConfig } from '../../../src/config/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { startReservations } from '../../support/reservations.ts';
import { SHIPPED } from '../../support/shipped.ts';
import { asLine, DEVELOPER, PROJECT } from './given.ts';

const text = readFileSync(join(PROJECT, 'config/agents/restaurant.yaml'), 'utf8');
const file = parse(text) as Record<string, unknown> & { tools: { kind: string; name: string }[] };

test('starts with its service, without a warning, and has every tool that it names', async () => {
  const { replayed, stop } = await startReservations();
  onTestFinished(stop);
  const env = { ...DEVELOPER, ...replayed.env, TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}` };
  const { problems, warnings, agents } = inspectConfig({
    env: { ...env, CONFIG_DIR: replayed.configDir },
    cwd: SHIPPED,
  });
  expect([...problems, ...warnings].map(asLine)).toEqual([]);
  const { tools, problems: missing } = await inspectToolboxes(agents, { clock: new ManualClock() });
  expect(missing).toEqual([]);
  expect(tools.get('restaurant')?.map(({ declaration }) => declaration.name)).toEqual(
    file.tools.map(({ name }) => name),
  );
});

test.each(['RESERVATIONS_KEY', 'RESERVATIONS_SECRET', 'TWILIO_ACCOUNT_SID'])(
  'is left out without %s, and no other agent with it',
  (name) => {
    const secrets = { RESERVATIONS_KEY: 'key', RESERVATIONS_SECRET: `whsec_${'A'.repeat(32)}` };
    const env = { ...DEVELOPER, ...secrets, TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, [name]: undefined };
    const { problems, agents, leftOut } = inspectConfig({ env, cwd: SHIPPED });
    expect(problems.map(asLine)).toEqual([]);
    expect(leftOut.map(asLine)).toEqual([expect.stringMatching(new RegExp(`restaurant\\.yaml.*${name}`))]);
    expect(agents.map((agent) => agent.name)).toEqual(['reception']);
  },
);

test('shows every kind of tool, and what there is for each part of a call', () => {
  expect(new Set(file.tools.map(({ kind }) => kind))).toEqual(
    new Set(['http', 'function', 'mcp', 'takeMessage', 'transferCall', 'endCall', 'sendDigits', 'voicemailDetected']),
  );
  expect(file).toMatchObject({
    notice: { say: expect.any(String) },
    instruction: expect.stringMatching(/\{\{caller\.number\}\}[\s\S]*\{\{vars\.guest\}\}/),
    callStart: { url: expect.any(String), secretEnv: 'RESERVATIONS_SECRET' },
    turnTaking: { protect: ['announcements'], echoGuard: true, backchannelMs: expect.any(Number) },
    keys: { interDigitMs: expect.any(Number) },
    idle: { askAfterSeconds: expect.any(Number), times: expect.any(Number) },
    patience: { oneMoment: { afterMs: expect.any(Number) } },
    limits: { callMinutes: expect.any(Number) },
    fallback: { transfer: { to: expect.any(String) } },
    googleSearch: true,
    tools: expect.arrayContaining([
      expect.objectContaining({
        destinations: {
          manager: expect.objectContaining({ to: expect.stringMatching(/^\+/) }),
          owner: expect.objectContaining({ warm: true }),
          bar: expect.objectContaining({ to: expect.stringMatching(/^sip:/), refer: true }),
        },
      }),
    ]),
    outbound: { machine: { leaveMessage: expect.stringContaining('{{vars.') } },
    afterwards: {
      formats: expect.arrayContaining(['json']),
      redact: {},
      summary: true,
      extract: { schema: { type: 'object' } },
      verdict: { goals: expect.arrayContaining([expect.any(String)]) },
      webhook: { events: ['call.started', 'call.ended', 'call.analyzed'] },
    },
  });
  expect(text).toContain('{{sip.X-Room}}');
});
