/** A call in which the model uses tools of the agent's file, against a real service on this machine. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadFixture, type ScenarioInput } from '../../src/simulator/index.ts';
import { givenHttpService, json } from '../support/http-service.ts';
import { replay } from '../support/replay.ts';
import { KINDS, type OpenRun } from './tool-kinds.ts';

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

test.each([
  ['silent', 'SILENT', false],
  ['whenIdle', 'WHEN_IDLE', true],
])(
  'a result that the model takes %s is not missed when nothing is said of it, and else is',
  async (key, scheduling, missed) => {
    const service = await givenHttpService((_asked, response) => json(response, { table: 7 }));
    const [greeting, asking] = model([{ name: 'find_table', args: { day: 'Friday' } }]).turns!;
    const { script } = fixture.phone;
    const longer = script.map((step) => (step.hearSilence ? { ...step, hearSilence: { ms: 8_000 } } : step));
    const { live, record } = await replay(
      { ...fixture, phone: { ...fixture.phone, script: longer } },
      {
        files: agentWith(`${httpTool(service.port)}    scheduling: ${key}\n`),
        env: { TABLES_KEY: 'k' },
        model: { turns: [greeting!, asking!, { on: 'toolResult' }] },
      },
    );
    const [told] = live.sessions.flatMap((session) => session.eventsOf('toolAnswered'));
    expect(told).toMatchObject({ accepted: true, answer: { scheduling } });
    expect(record.events.some(({ code }) => code === 'LIVE_MUTE')).toBe(missed);
  },
);

describe.each(KINDS)('a tool of kind $name', ({ given }) => {
  const [greeting, asking, finding] = model([{ name: 'find_table', args: { day: 'Friday' } }]).turns!;
  const play = async (...given: Parameters<typeof replay>) => {
    const done = await replay(...given);
    expect(done.leftProcesses).toEqual([]);
    return done;
  };
  /** The caller, who hangs up when the agent has spoken and has not been heard for a while. */
  const patient = fixture.phone.script;
  const say = patient.find((step) => step.say !== undefined)!;
  const hear = patient.find((step) => step.hear !== undefined)!;
  const script = (...more: typeof patient): typeof patient => [
    hear,
    { hearSilence: { ms: 600 }, withinMs: 60_000 },
    say,
    ...more,
  ];
  const quiet = (ms: number) => ({ hearSilence: { ms }, withinMs: 60_000 });
  const hangUp = { hangUp: true, withinMs: 60_000 } as const;
  const answersOf = ({ live }: Awaited<ReturnType<typeof play>>) =>
    live.sessions.flatMap((session) => session.eventsOf('toolAnswered'));

  test('is answered with what it gave', async () => {
    const { files } = await given('deadlineMs: 50000', (run) => run.give(7));
    const done = await play(fixture, { files, model: { turns: [greeting!, asking!, finding!] } });
    expect(done.record.toolCalls).toMatchObject([{ answer: { status: 'ok', data: { table: 7 } } }]);
    expect(answersOf(done)).toMatchObject([{ accepted: true, answer: { response: { status: 'ok' } } }]);
    expect(done.record.lines.at(-1)?.heardText).toBe('Table seven is yours.');
  });

  test('is answered with why it was refused', async () => {
    const { files } = await given('deadlineMs: 50000', (run) => run.refuse());
    const done = await play(fixture, { files, model: { turns: [greeting!, asking!, finding!] } });
    expect(answersOf(done)).toMatchObject([
      { accepted: true, answer: { response: { status: 'refused', retryable: false } } },
    ]);
  });

  test('that does not come to an end is answered at its deadline, and stopped', async () => {
    const { files, stopped } = await given('deadlineMs: 2000', () => undefined);
    const late = { ...fixture, phone: { ...fixture.phone, script: script(hear, quiet(3_000), hangUp) } };
    const done = await play(late, { files, model: { turns: [greeting!, asking!, finding!] } });
    expect(answersOf(done)).toMatchObject([
      { accepted: true, answer: { response: { status: 'timeout', retryable: true } } },
    ]);
    expect(done.record.lines.at(-1)?.heardText).toBe('Table seven is yours.');
    expect(stopped()).toBe(1);
  });

  test('that the model cancels is stopped, and not answered', async () => {
    const { files, stopped } = await given('behavior: blocking', () => undefined);
    const phone = { ...fixture.phone, script: script(hear, quiet(800), say, hear, quiet(800), hangUp) };
    const turns = [greeting!, asking!, { on: 'speech', hears: 'Never mind.', says: 'As you like.' } as const];
    const done = await play({ ...fixture, phone }, { files, model: { turns, announcesCancelledCalls: true } });
    expect(answersOf(done)).toEqual([]);
    expect(done.record.toolCalls).toMatchObject([{ answer: { status: 'cancelled' } }]);
    expect(stopped()).toBe(1);
  });

  test('without a side effect, that runs when the caller hangs up is stopped, and the record says so', async () => {
    const { files, stopped } = await given('deadlineMs: 50000', () => undefined);
    const phone = { ...fixture.phone, script: script(hear, quiet(800), hangUp) };
    const done = await play({ ...fixture, phone }, { files, model: { turns: [greeting!, asking!] } });
    expect(answersOf(done)).toEqual([]);
    expect(done.record.toolCalls).toMatchObject([{ answer: { status: 'aborted' } }]);
    expect(stopped()).toBe(1);
    expect(done.leftArmed).toBe(0);
  });

  test('with a side effect, that works when the caller hangs up, comes to its end, and the record has its result', async () => {
    let open: OpenRun | undefined;
    const { files, stopped } = await given('deadlineMs: 50000\n    sideEffect: true', (run) => {
      open = run;
    });
    const phone = { ...fixture.phone, script: script(hear, quiet(800), hangUp) };
    const done = await play(
      { ...fixture, phone },
      {
        files,
        model: { turns: [greeting!, asking!] },
        watch: ({ type }) => {
          if (type === 'ended') open?.give(7);
        },
      },
    );
    expect(answersOf(done)).toEqual([]);
    expect(done.record.outcome).toEqual({ kind: 'callerGone' });
    expect(done.record.toolCalls).toMatchObject([{ answer: { status: 'ok', data: { table: 7 } } }]);
    expect(done.entries.map(({ type }) => type).slice(-2)).toEqual(['ended', 'toolAnswered']);
    expect(stopped()).toBe(0);
    expect(done.leftArmed).toBe(0);
  });

  /** Waits for what the agent says when the break is over. */
  const broken = {
    ...fixture,
    phone: { ...fixture.phone, script: script(hear, quiet(300), hear, quiet(800), hangUp) },
  };
  const breaking = { ...asking!, fault: { kind: 'close', code: 1011, reason: 'Internal error encountered.' } } as const;

  test.each([
    ['while there is none', 'LIVE_INTERNAL'],
    ['when it is back', 'LIVE_BACK'],
  ])('is answered to the resumed session when the session is lost, and the tool done %s', async (_when, code) => {
    let open: OpenRun | undefined;
    const { files, runs } = await given('deadlineMs: 50000', (run) => {
      open = run;
    });
    const done = await play(broken, {
      files,
      model: { turns: [greeting!, breaking, finding!] },
      watch: (entry) => {
        if (entry.type === 'event' && entry.code === code) open?.give(7);
      },
    });
    expect(done.live.sessions).toHaveLength(1);
    expect(runs).toHaveLength(1);
    expect(answersOf(done)).toMatchObject([{ accepted: true, answer: { response: { data: { table: 7 } } } }]);
    expect(done.record.lines.at(-1)?.heardText).toBe('Table seven is yours.');
  });

  test.each([
    ['while there is none', 'LIVE_INTERNAL'],
    ['when it is back', 'LIVE_BACK'],
  ])('is told in words to a session that begins afresh, when done %s', async (_when, code) => {
    let open: OpenRun | undefined;
    const { files } = await given('deadlineMs: 50000', (run) => {
      open = run;
    });
    const done = await play(broken, {
      files,
      model: {
        turns: [greeting!, breaking, { ...finding!, on: 'text' }],
        faults: [{ kind: 'forgottenHandles' }],
      },
      watch: (entry) => {
        if (entry.type === 'event' && entry.code === code) open?.give(7);
      },
    });
    expect(done.live.sessions.length).toBeGreaterThan(1);
    expect(answersOf(done).filter(({ accepted }) => accepted)).toEqual([]);
    const texts = done.live.sessions.flatMap((session) => session.eventsOf('textReceived').map(({ text }) => text));
    expect(texts.filter((text) => text.includes('you called find_table with {"day":"Friday"}'))).toHaveLength(1);
    expect(done.record.toolCalls).toMatchObject([{ answer: { status: 'ok', data: { table: 7 } } }]);
  });
});
